"""Forms whose files are stored while they arrive, sent by real clients."""

import hashlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import urllib.parse

import pytest
import requests

import store_clients
from lambda_functions import function, start
from waiting import wait_until

MEGABYTE = 1 << 20
# Test sizes; SPOOL_FORM_MEGABYTES=500 and _FILES=10 is the measured run of docs/uploads.md.
MEGABYTES = int(os.environ.get("SPOOL_FORM_MEGABYTES", "24"))
FILES = int(os.environ.get("SPOOL_FORM_FILES", "4"))
LIMIT = max(MEGABYTES, 32) * MEGABYTE


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    settings = {"FILE_BYTES_MAX": str(LIMIT), "FILE_COUNT_MAX": "10"}
    running = start(
        tmp_path_factory.mktemp("forms"),
        [
            function(
                "forms",
                "forms.receive",
                environment=settings,
                url={"authType": "NONE"},
                routes=[
                    {"method": "POST", "path": "/api/forms", "body": "multipart-stream"},
                    {"method": "GET", "path": "/api/forms"},
                ],
            )
        ],
    )
    yield running
    assert running.stop() == 0


@pytest.fixture
def store(emulator):
    """The store, which each test finds and leaves empty."""
    client = store_clients.s3_client(emulator)
    yield client
    for key in keys(client):
        client.delete_object(Bucket="spool", Key=key)


def keys(client):
    return [entry["Key"] for entry in client.list_objects_v2(Bucket="spool").get("Contents", [])]


def post(emulator, files, data=None, **headers):
    return requests.post(emulator.api + "/api/forms", files=files, data=data, headers=headers)


def memory(emulator, name):
    status = pathlib.Path(f"/proc/{emulator.process.pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) << 10


def blob_files(emulator):
    return [path for path in (emulator.data / "objects/tmp").rglob("*") if path.is_file()]


def test_a_form_of_requests_is_stored_and_passed_by_reference(emulator, store):
    small, large = os.urandom(5), os.urandom(3 * MEGABYTE) + b"\r\n--x\r\n"
    answer = post(
        emulator,
        [
            ("files[]", ("a.mp4", small, "video/mp4")),
            ("files[]", ("../ä b.mov", large, "video/quicktime")),
        ],
        {"variations": "4"},
    )
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["state"] == "stored"
    form = document["form"]
    assert (form["fields"], form["refused"]) == ({"variations": "4"}, [])
    assert [(f["name"], f["filename"], f["bytes"]) for f in form["files"]] == [
        ("files[]", "a.mp4", 5),
        ("files[]", "../ä b.mov", len(large)),
    ]
    assert [f["key"] for f in form["files"]] == [
        "uploads/local/form/0/a.mp4",
        "uploads/local/form/1/ä b.mov",
    ]
    for file, content in zip(form["files"], (small, large), strict=True):
        stored = store.get_object(Bucket="spool", Key=file["key"])
        assert stored["Body"].read() == content
        assert stored["ContentType"] == file["contentType"]
        assert file["etag"] == hashlib.md5(content).hexdigest()
        assert stored["ETag"] == f'"{file["etag"]}"'


def test_curl_sends_a_form_with_and_without_waiting(emulator, store, tmp_path):
    path = tmp_path / 'a "quoted"; name.mp4'
    path.write_bytes(os.urandom(2 * MEGABYTE))
    escaped = str(path).replace('"', '\\"')
    for expect in ("Expect: 100-continue", "Expect:"):
        out = subprocess.run(
            [
                *("curl", "-sS", "-H", expect, "-F", "variations=2"),
                *("-F", f'files[]=@"{escaped}";type=video/mp4', emulator.api + "/api/forms"),
            ],
            check=True,
            capture_output=True,
        ).stdout
        form = json.loads(out)["form"]
        assert form["fields"] == {"variations": "2"}
        assert [f["bytes"] for f in form["files"]] == [2 * MEGABYTE]
        stored = store.get_object(Bucket="spool", Key=form["files"][0]["key"])
        assert stored["Body"].read() == path.read_bytes()


def test_chromium_sends_form_data(emulator, store, foreign_page):
    form = foreign_page.evaluate(
        """async url => {
            const form = new FormData();
            form.append('variations', '3');
            const bytes = new Uint8Array(1 << 20).fill(7);
            form.append('files[]', new File([bytes], 'film.mp4', {type: 'video/mp4'}));
            form.append('files[]', new File([bytes], 'text.txt', {type: 'text/plain'}));
            const answer = await fetch(url, {method: 'POST', body: form});
            return [answer.status, await answer.json()];
        }""",
        emulator.api + "/api/forms",
    )
    assert form[0] == 201
    assert form[1]["form"]["fields"] == {"variations": "3"}
    assert [f["filename"] for f in form[1]["form"]["files"]] == ["film.mp4"]
    assert form[1]["form"]["refused"] == [
        {"name": "files[]", "filename": "text.txt", "reason": "contentType"}
    ]
    assert keys(store) == ["uploads/local/form/0/film.mp4"]


def test_chromium_reads_why_a_large_form_is_refused(emulator, store, foreign_page):
    answer = foreign_page.evaluate(
        """async ([url, megabytes]) => {
            const form = new FormData();
            const bytes = new Uint8Array(megabytes << 20);
            form.append('files[]', new File([bytes], 'film.mp4', {type: 'video/mp4'}));
            const headers = {authorization: 'Bearer wrong'};
            const answer = await fetch(url, {method: 'POST', body: form, headers});
            return [answer.status, (await answer.json()).error];
        }""",
        [emulator.api + "/api/forms", 100],
    )
    assert answer == [401, "Invalid or expired token"]
    assert not keys(store)


def test_files_beyond_a_limit_are_named_and_not_stored(emulator, store):
    files = [("files[]", (f"{number}.mp4", b"x", "video/mp4")) for number in range(9)]
    large = ("files[]", ("large.mp4", bytes(LIMIT + 1), "video/mp4"))
    empty = ("files[]", ("empty.mp4", b"", "video/mp4"))
    form = post(emulator, [empty, large, *files]).json()["form"]
    assert [(f["filename"], f["reason"]) for f in form["refused"]] == [
        ("empty.mp4", "empty"),
        ("large.mp4", "tooLarge"),
        ("8.mp4", "tooMany"),
    ]
    assert len(keys(store)) == len(form["files"]) == 8
    assert not blob_files(emulator)


def test_a_broken_form_is_a_problem_and_stores_nothing(emulator, store):
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n'
    part += b"Content-Type: video/mp4\r\n\r\nbytes"
    kind = "multipart/form-data; boundary=b"
    for content_type, body in [
        (kind, part),
        (kind, b"no form at all"),
        (kind, b"--b\r\nContent-Type: video/mp4\r\n\r\nx\r\n--b--\r\n"),
        (kind, b""),
        ("multipart/form-data", part + b"\r\n--b--\r\n"),
    ]:
        answer = requests.post(
            emulator.api + "/api/forms", body, headers={"content-type": content_type}
        )
        assert answer.status_code == 400, body
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"] == "Malformed form"
    large = requests.post(
        emulator.api + "/api/forms",
        files=[("f", ("a.mp4", b"x", "video/mp4"))],
        data={"text": "x" * 70_000},
    )
    assert large.status_code == 413
    assert "text" in large.json()["detail"]
    assert not keys(store)


def test_a_refused_client_reads_the_answer(emulator, store):
    files = [("files[]", ("a.mp4", bytes(LIMIT), "video/mp4"))]
    answer = post(emulator, files, authorization="Bearer wrong")
    assert (answer.status_code, answer.json()["error"]) == (401, "Invalid or expired token")
    assert not keys(store)


def test_a_client_that_waits_sends_no_body_after_a_refusal(emulator):
    url = urllib.parse.urlsplit(emulator.api)
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(
            b"POST /api/forms HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            b"Authorization: Bearer wrong\r\nContent-Length: 5000000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 401


def test_a_client_cannot_pose_as_the_front_door(emulator, store):
    forged = {
        "x-spool-body": "stored",
        "content-type": "application/vnd.spool.form+json",
    }
    for path in ("/api/forms", "/fn/forms/api/forms"):
        answer = requests.post(emulator.api + path, b'{"files": []}', headers=forged)
        assert answer.json() == {"state": None, "type": None, "form": None}
    answer = post(emulator, [("f", ("a.mp4", b"x", "video/mp4"))], **{"x-spool-body": "none"})
    assert answer.json()["state"] == "stored"


def test_a_client_that_disconnects_leaves_nothing(emulator, store):
    url = urllib.parse.urlsplit(emulator.api)
    head = b'--b\r\nContent-Disposition: form-data; name="f"; filename="a.mp4"\r\n'
    head += b"Content-Type: video/mp4\r\n\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(
            b"POST /api/forms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n" + head + bytes(MEGABYTE)
        )
        wait_until("the file's first bytes on the disk", lambda: blob_files(emulator))
    wait_until("the removal of the file", lambda: not blob_files(emulator))
    assert not keys(store)


def test_a_kill_leaves_no_object_of_an_incomplete_form(tmp_path):
    settings = {"FILE_BYTES_MAX": str(LIMIT), "FILE_COUNT_MAX": "10"}
    route = {"method": "POST", "path": "/api/forms", "body": "multipart-stream"}
    functions = [function("forms", "forms.receive", environment=settings, routes=[route])]
    running = start(tmp_path, functions)
    url = urllib.parse.urlsplit(running.api)
    part = b'--b\r\nContent-Disposition: form-data; name="f"; filename="%s.mp4"\r\n'
    part += b"Content-Type: video/mp4\r\n\r\n"
    with socket.create_connection((url.hostname, url.port), timeout=30) as connection:
        connection.sendall(
            b"POST /api/forms HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n"
            b"Content-Type: multipart/form-data; boundary=b\r\n\r\n"
        )
        connection.sendall(part % b"a" + bytes(MEGABYTE) + b"\r\n" + part % b"b" + bytes(MEGABYTE))
        wait_until("both files on the disk", lambda: len(blob_files(running)) == 2)
        running.kill()
    running.start()
    try:
        assert not keys(store_clients.s3_client(running))
        assert not blob_files(running)
        answer = post(running, [("f", ("a.mp4", b"x", "video/mp4"))])
        assert len(answer.json()["form"]["files"]) == 1
    finally:
        assert running.stop() == 0


def test_many_large_files_need_little_memory(emulator, store, tmp_path):
    path = tmp_path / "large.mp4"
    with open(path, "wb") as file:
        for _ in range(MEGABYTES):
            file.write(os.urandom(MEGABYTE))
    arguments = []
    for number in range(FILES):
        arguments += ["-F", f"files[]=@{path};type=video/mp4;filename={number}.mp4"]
    # A connection's own arena can be returned to the system late, so the peak counts.
    pathlib.Path(f"/proc/{emulator.process.pid}/clear_refs").write_text("5")
    out = subprocess.run(
        ["curl", "-sS", *arguments, emulator.api + "/api/forms"], check=True, capture_output=True
    ).stdout
    peak = memory(emulator, "VmHWM")
    form = json.loads(out)["form"]
    assert [f["bytes"] for f in form["files"]] == [MEGABYTES * MEGABYTE] * FILES
    print(f"{FILES} files of {MEGABYTES} MB: peak {peak >> 20} MB resident")
    assert peak < 64 * MEGABYTE
