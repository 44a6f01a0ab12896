"""Instances are limited as on Lambda."""

import base64
import concurrent.futures
import json
import os
import pathlib
import sys

import pytest

from conftest import ROOT
from lambda_functions import client_of, function, invoke, start
from waiting import wait_until


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    running = start(
        tmp_path_factory.mktemp("instances"),
        [
            function("small", "handlers.orders", reservedConcurrency=2, memoryMegabytes=128),
            function("other", "handlers.orders", memoryMegabytes=1024),
            function("disk", "handlers.orders", ephemeralStorageMegabytes=2048),
        ],
        "--freeze",
        # A database below the machine's /tmp would have to be seen.
        SPOOL_DATABASE="postgres://localhost/none",
    )
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def client(emulator):
    return client_of(emulator)


def needs_own_tmp(emulator):
    if any("/tmp" in record["message"] for record in emulator.log_records()):
        pytest.skip("this system permits no mount namespace")
    if ROOT.is_relative_to("/tmp"):
        pytest.skip("the program of the instances is below /tmp")


def test_an_instance_above_its_memory_limit_is_killed(client):
    error, answer = invoke(
        client, "small", {"order": "take-memory", "megabytes": 300}, LogType="Tail"
    )
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: signal: killed")
    report = base64.b64decode(answer["LogResult"]).decode().splitlines()[-1]
    assert "Max Memory Used: 128 MB" in report
    assert report.endswith("Status: error\tError Type: Runtime.ExitError")
    assert invoke(client, "small", {})[0]["served"] == 1


def test_the_first_report_bills_the_start_too(client):
    _, answer = invoke(client, "other", {}, LogType="Tail")
    report = base64.b64decode(answer["LogResult"]).decode().splitlines()[-1]
    part = dict(field.split(": ", 1) for field in report.split("\t")[1:])
    duration, start = (float(part[name].split()[0]) for name in ("Duration", "Init Duration"))
    assert int(part["Billed Duration"].split()[0]) >= duration + start - 0.01
    _, again = invoke(client, "other", {}, LogType="Tail")
    assert "Init Duration" not in base64.b64decode(again["LogResult"]).decode()


def test_each_instance_has_its_own_tmp(emulator, client, tmp_path):
    needs_own_tmp(emulator)
    for name in ("small", "disk"):
        file = f"of-{name}-{os.getpid()}"
        listed, _ = invoke(
            client, name, {"order": "write-file", "path": f"/tmp/{file}", "megabytes": 1}
        )
        assert listed == [file]
        assert not os.path.exists(f"/tmp/{file}")


def test_a_full_tmp_is_reported(emulator, client):
    needs_own_tmp(emulator)
    error, _ = invoke(
        client, "other", {"order": "write-file", "path": "/tmp/much", "megabytes": 600}
    )
    assert error["errorType"] == "OSError"
    assert "No space left on device" in error["errorMessage"]


def state_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_an_idle_instance_is_frozen_until_its_next_event(client):
    first, _ = invoke(client, "other", {})
    wait_until("the frozen instance", lambda: state_of(first["pid"]) == "T")
    again, _ = invoke(client, "other", {})
    assert (again["pid"], again["served"]) == (first["pid"], first["served"] + 1)


def test_an_idle_instance_ends_after_the_idle_time(tmp_path):
    emulator = start(tmp_path, [function("short", "handlers.orders")], "--idle-seconds", "1")
    try:
        pid = invoke(client_of(emulator), "short", {})[0]["pid"]
        wait_until("the end of the instance", lambda: not os.path.exists(f"/proc/{pid}"))
    finally:
        assert emulator.stop() == 0


HANDLER = """
import os, time
def handler(event, context):
    while event and not os.path.exists(event["path"]): time.sleep(0.005)
    return ["{answer}", os.getpid()]
"""


def test_a_replaced_program_serves_new_calls_only(tmp_path):
    code = tmp_path / "code"
    code.mkdir()
    (code / "app.py").write_text(HANDLER.format(answer="old"))
    emulator = start(
        tmp_path, [function("app", "app.handler", taskRoot=str(code), reservedConcurrency=2)]
    )
    client = client_of(emulator)
    try:
        assert invoke(client, "app", {})[0][0] == "old"
        with concurrent.futures.ThreadPoolExecutor() as pool:
            go = tmp_path / "go"
            running = pool.submit(invoke, client, "app", {"path": str(go)})
            replacement = code / "next"
            replacement.write_text(HANDLER.format(answer="newer"))
            os.replace(replacement, code / "app.py")
            try:
                wait_until(
                    "an answer of the new program",
                    lambda: invoke(client, "app", {})[0][0] == "newer",
                )
            finally:
                go.touch()
            answer, pid = running.result()[0]
        assert answer == "old"
        wait_until("the end of the instance", lambda: not os.path.exists(f"/proc/{pid}"))
        assert invoke(client, "app", {})[0][0] == "newer"
    finally:
        assert emulator.stop() == 0


def test_two_hundred_instances_start_at_once(tmp_path):
    """Each waits until all have started, so none can serve two."""
    script = tmp_path / "meet.py"
    script.write_text(MEETING)
    emulator = start(
        tmp_path,
        [
            {
                "name": "many",
                "command": [sys.executable, "-S", "-E", str(script)],
                "timeoutSeconds": 60,
                "memoryMegabytes": 128,
                "reservedConcurrency": 200,
            }
        ],
    )
    client = client_of(emulator, max_pool_connections=200)
    try:
        with concurrent.futures.ThreadPoolExecutor(200) as pool:
            order = json.dumps({"folder": str(tmp_path), "count": 200})
            calls = [
                pool.submit(client.invoke, FunctionName="many", Payload=order) for _ in range(200)
            ]
            pids = {call.result()["Payload"].read() for call in calls}
        assert len(pids) == 200
    finally:
        assert emulator.stop() == 0


MEETING = """
import json, os, socket, time
host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
api = socket.create_connection((host, int(port)))
root = "/2018-06-01/runtime/invocation/"
def send(method, path, body=b""):
    head = "%s %s%s HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n"
    api.sendall((head % (method, root, path, len(body))).encode() + body)
    data = b""
    while b"\\r\\n\\r\\n" not in data: data += api.recv(65536)
    head, _, body = data.partition(b"\\r\\n\\r\\n")
    fields = dict(l.split(": ", 1) for l in head.decode().lower().split("\\r\\n")[1:])
    while len(body) < int(fields.get("content-length", 0)): body += api.recv(65536)
    return fields, body
while True:
    fields, body = send("GET", "next")
    order = json.loads(body)
    open("%s/here-%d" % (order["folder"], os.getpid()), "w").close()
    while sum(n.startswith("here-") for n in os.listdir(order["folder"])) < order["count"]:
        time.sleep(0.1)
    send("POST", fields["lambda-runtime-aws-request-id"] + "/response", str(os.getpid()).encode())
"""
