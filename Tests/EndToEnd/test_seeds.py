"""One variable replays every random test: SPOOL_TEST_SEED."""

import os
import re
import subprocess
import sys

import conftest

SEED_VARIABLE = "SPOOL_TEST_SEED"


def tracked(*patterns):
    """The text of each file that git tracks, by path."""
    paths = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        check=True,
        capture_output=True,
        text=True,
        cwd=conftest.ROOT,
    ).stdout.split("\0")
    files = {path: conftest.ROOT / path for path in paths if path}
    return {
        path: file.read_text(errors="replace") for path, file in files.items() if file.is_file()
    }


def seed_variables(text):
    return set(re.findall(r"\bSPOOL_[A-Z_]*SEED[A-Z_]*\b", text))


def test_documents_and_tests_name_one_seed_variable():
    files = tracked("*.md", "Makefile", "scripts", "Tests", "Benchmarks")
    others = {path: seed_variables(text) - {SEED_VARIABLE} for path, text in files.items()}
    assert not {path: names for path, names in others.items() if names}
    assert SEED_VARIABLE in seed_variables(files["CONTRIBUTING.md"])


def test_each_test_variable_of_contributing_is_read_by_a_test():
    contributing = (conftest.ROOT / "CONTRIBUTING.md").read_text()
    named = set(re.findall(r"^(?:SPOOL|UPDATE)_[A-Z_]+(?==)", contributing, re.M))
    sources = "".join(tracked("Tests/*.swift", "Tests/*.py").values())
    assert SEED_VARIABLE in named
    assert not {name for name in named if f'"{name}"' not in sources}


def test_a_test_draws_the_same_numbers_for_the_same_seed(tmp_path):
    (tmp_path / "conftest.py").write_text((conftest.ROOT / conftest.__file__).read_text())
    (tmp_path / "test_draw.py").write_text(
        "import random\ndef test_draw():\n    raise AssertionError(f'drawn {random.random()}')\n"
    )

    tools = str(conftest.ROOT / "Tests/EndToEnd")

    def run(seed):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_draw.py"],
            check=False,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=os.environ | {SEED_VARIABLE: seed, "PYTHONPATH": tools},
        )
        assert f"{SEED_VARIABLE}={seed} .venv/bin/python -m pytest" in done.stdout, done.stdout
        return re.search(r"drawn [0-9.e-]+", done.stdout).group()

    assert run("7") == run("7") != run("8")
