"""docs/front-ends.md names a test for each requirement of three front ends, and the test exists."""

import re

import pytest

import conftest

PAGE = (conftest.ROOT / "docs/front-ends.md").read_text()
ROWS = {
    row: [cell.strip() for cell in rest.split(" | ")]
    for row, rest in re.findall(r"^\| ((?:CF|OC|VR)-\d\d) \| (.*) \|$", PAGE, re.M)
}
# They concern the browser build alone, or a sign-in that is not understood.
WITHOUT_TEST = {"CF-12", "CF-24", "CF-65", "CF-67", "OC-04"}


def functions():
    """The names of the tests, as the page writes them."""
    for path in (conftest.ROOT / "Tests/EndToEnd").glob("test_*.py"):
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.M):
            yield f"{path.name}::{name}"
    for path in (conftest.ROOT / "Tests").rglob("*Tests.swift"):
        text = path.read_text()
        for suite in re.findall(
            r"^(?:@Suite.*)?struct (\w+Tests)\b|^@Suite.* (\w+Tests) \{", text, re.M
        ):
            name = next(filter(None, suite))
            yield name
            for test in re.findall(r"func `([^`]+)`", text):
                yield f"{name}: {test}"


@pytest.mark.parametrize(("prefix", "count"), [("CF", 67), ("OC", 44), ("VR", 72)])
def test_every_requirement_has_one_row(prefix, count):
    assert [row for row in ROWS if row.startswith(prefix)] == [
        f"{prefix}-{number:02}" for number in range(1, count + 1)
    ]


def test_each_named_test_exists():
    known = set(functions())
    named = {name for _, tests, *_ in ROWS.values() for name in re.findall(r"`([^`]+)`", tests)}
    assert named and not named - known


def test_only_rows_of_the_browser_have_no_test():
    without = {row for row, (_, tests, *_) in ROWS.items() if tests == "no test"}
    assert without == WITHOUT_TEST
    assert all(ROWS[row][2] for row in without)
