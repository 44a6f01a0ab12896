"""Events are recorded, replayed and sent in several ways, with the same responses."""

import json
import os
import re
import subprocess

import pytest

import conftest
from lambda_functions import client_of, function, invoke, sees, start
from waiting import wait_until

EVENTS = sorted((conftest.ROOT / "events").glob("*.json"))


def spool(emulator, *arguments):
    environment = {"PATH": os.environ["PATH"], "SPOOL_API": emulator.api}
    return subprocess.run(
        [conftest.BIN / "spool", *map(str, arguments)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )


def steady(text):
    """A response without its variable parts: times, IDs, signatures."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME", text)
    text = re.sub(r"X-Amz-(Signature|Date|Credential)=[^&\"\\]*", r"X-Amz-\1=", text)
    text = re.sub(r"\b(ep|msg)_[a-z0-9_]+", "ID", text)
    text = re.sub(r"whsec_(?:[A-Za-z0-9+=]|\\*/)+", "SECRET", text)
    # Counts of what was due: another run may have been first.
    text = re.sub(r"\"(announced|attempts|due)\":\d+", r'"\1":0', text)
    text = re.sub(r"\"requestId\\?\":\\?\"[0-9a-f-]{36}", "REQUEST", text)
    return re.sub(r"[A-Za-z0-9_.-]*[0-9][A-Za-z0-9_.-]{11,}", "ID", text)


def parts(text, masked=True):
    """A response's document, and the body after it if it is streamed."""
    prelude, mark, body = text.rstrip("\n").partition("\0" * 8)
    document = json.loads(steady(prelude) if masked else prelude)
    return document, (steady(body) if masked else body) if mark else None


@pytest.mark.parametrize("path", EVENTS, ids=[path.stem for path in EVENTS])
def test_an_event_has_the_same_response_by_every_path(shared, path):
    name, event = path.name.split(".")[0], path.read_text()
    document = json.loads(event)
    answer = client_of(shared).invoke(FunctionName=name, Payload=event)
    if "FunctionError" in answer:
        # The second attempt condemns what the first could not do.
        answer = client_of(shared).invoke(FunctionName=name, Payload=event)
    direct = answer["Payload"].read().decode()
    command = spool(shared, "invoke", name, "--event", path)

    assert (command.returncode == 0) == ("FunctionError" not in answer), command.stderr
    # The order of an object's members has no meaning.
    assert parts(command.stdout) == parts(direct)
    if document.get("version") != "2.0":
        return
    # The front door takes a form itself, and strips its own header and type from a request.
    headers = document["headers"]
    if "x-spool-body" in headers or headers.get("content-type", "").startswith(
        ("multipart/form-data", "application/vnd.spool.")
    ):
        return
    # The same request as a browser would send it.
    answer, streamed = parts(direct, masked=False)
    target = document["rawPath"] + (
        "?" + document["rawQueryString"] if document["rawQueryString"] else ""
    )
    response = conftest.http(
        document["requestContext"]["http"]["method"],
        shared.api + target,
        document.get("body", "").encode() or None,
        # The names of the sample's host and page are not ours.
        {name: value for name, value in headers.items() if name not in ("host", "origin")},
    )
    assert response.status == answer["statusCode"]
    wanted = answer.get("body", "") if streamed is None else streamed
    assert steady(response.body.decode()) == steady(wanted)


HANDLER = """
import uuid
def handler(event, context):
    if event.get("make"): return {"id": "thing-" + uuid.uuid4().hex, "at": "2026-01-02T03:04:05Z"}
    if event.get("fail"): raise ValueError("asked to fail")
    return {"sum": event["a"] + event["b"]SIGN, "of": event.get("id")}
"""


def test_a_recording_is_replayed_and_a_change_is_found(tmp_path):
    code, records = tmp_path / "code", tmp_path / "records"
    code.mkdir()
    (code / "app.py").write_text(HANDLER.replace("SIGN", ""))
    functions = [function("app", "app.handler", taskRoot=str(code))]
    emulator = start(tmp_path, functions, "--record", str(records))
    client = client_of(emulator)
    made, _ = invoke(client, "app", {"make": True})
    invoke(client, "app", {"a": 1, "b": 2, "id": made["id"]})
    invoke(client, "app", {"fail": True})
    assert emulator.stop() == 0

    files = sorted(records.iterdir())
    assert [file.name for file in files] == [f"00000{n}-app.json" for n in (1, 2, 3)]
    second = json.loads(files[1].read_text())
    assert second["event"] == {"a": 1, "b": 2, "id": made["id"]}
    assert (second["answer"], second["outcome"]) == ({"sum": 3, "of": made["id"]}, "ok")
    assert json.loads(files[2].read_text())["outcome"] == "ValueError"

    emulator = start(tmp_path, functions)
    try:
        same = spool(emulator, "replay", records)
        assert (same.returncode, same.stdout.splitlines()[-1]) == (
            0,
            "3 of 3 responses are equal.",
        ), same.stdout
        (code / "app.py").write_text(HANDLER.replace("SIGN", " * 100"))
        changed = wait_until(
            "an answer that differs",
            lambda: next(
                (run for run in [spool(emulator, "replay", records)] if run.returncode), None
            ),
        )
        assert changed.returncode == 1
        assert "differs 000002-app.json\n  /sum: 3 -> 201" in changed.stdout
        ignored = spool(emulator, "replay", records, "--ignore", "sum")
        assert ignored.returncode == 0
    finally:
        assert emulator.stop() == 0


def test_dead_letters_are_listed_and_replayed_also_after_a_restart(tmp_path):
    ran = tmp_path / "ran"
    functions = [
        function(
            "orders",
            "handlers.orders",
            environment=sees(tmp_path),
            **{"async": {"maximumRetryAttempts": 0}},
        )
    ]
    emulator = start(tmp_path, functions)
    event = {"order": "append", "path": str(ran), "fail": True}
    client_of(emulator).invoke(
        FunctionName="orders", InvocationType="Event", Payload=json.dumps(event)
    )
    wait_until(
        "the dead letter", lambda: "RetriesExhausted" in spool(emulator, "dead-letters").stdout
    )
    emulator.kill()

    emulator = start(tmp_path, functions)
    try:
        letters = json.loads(spool(emulator, "dead-letters", "--json").stdout)
        assert [letter["function"] for letter in letters] == ["orders"]
        assert "asked to fail" in letters[0]["response"]
        number = letters[0]["id"]
        again = spool(emulator, "replay-dead-letter", number)
        assert again.stdout == f"Dead letter {number} is queued again.\n"
        wait_until("the second run", lambda: len(ran.read_text().splitlines()) == 2)
        assert spool(emulator, "replay-dead-letter", number).returncode == 1
    finally:
        assert emulator.stop() == 0
