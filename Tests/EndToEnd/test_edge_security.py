"""Strangers: pages of other sites, callers without secrets, and requests that no client sends."""

import http.server
import json
import os
import re
import socket
import stat
import subprocess
import threading

import boto3
import botocore.exceptions
import pytest
from playwright.sync_api import sync_playwright
from raw_http import exchange, heads

import conftest
import store_clients

ROUTES = [
    (route["method"], route["path"])
    for function in json.loads((conftest.ROOT / "infra/functions.json").read_text())["functions"]
    for route in function.get("routes", [])
]
INVOKE = "/2015-03-31/functions/sweep/invocations"
EVIL = {"Origin": "https://evil.example"}


def invocations(emulator, function):
    answer = emulator.call(
        "GET",
        f"/console/api/invocations?function={function}",
        token=emulator.secrets.get("SPOOL_ADMIN_TOKEN"),
    )
    return len(answer.json()["invocations"])


# One number for a request's event (H1)


@pytest.mark.parametrize(
    ("method", "path"), [route for route in ROUTES if route[0] in ("POST", "PUT", "PATCH")]
)
def test_a_body_whose_event_is_too_large_is_413_before_a_function_is_called(shared, method, path):
    # Each of these bytes takes six in the event: 25.2 MB, where 24 MiB are the limit.
    url = shared.api + re.sub(r"\{\w+\}", "x", path)
    answer = conftest.http(method, url, b"\1" * 4_200_000)
    assert answer.status == 413, answer.body
    assert "as an event" in answer.json()["detail"]


def test_the_largest_event_reaches_its_function(shared):
    for body in (b"\1" * 4_190_000, b"\xff" * 1_000_000):
        answer = shared.call("POST", "/api/export", body)
        assert answer.status == 400, answer.body
    assert shared.call("POST", "/api/export", b" " * 10_000_001).status == 413


# Secrets (H4, H6)


def started(folder, *arguments, **environment):
    """The end of an emulator that does not start."""
    return subprocess.run(
        [
            *(conftest.BIN / "local-emulator", "--data", folder, "--port", "0", "--s3-port", "0"),
            *("--functions", conftest.ROOT / "infra/functions.json", *arguments),
        ],
        env={"PATH": "/usr/bin:/bin"} | environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (("--host", "0.0.0.0"), {}, "callers need no token"),
        ((), {"AWS_ACCESS_KEY_ID": "mine"}, "are set together or not"),
        (
            (),
            {
                "SPOOL_TOKENS": "t=ann",
                "AWS_ACCESS_KEY_ID": "spool",
                "AWS_SECRET_ACCESS_KEY": "spool-secret",
            },
            "is the published one",
        ),
    ],
)
def test_settings_that_open_the_emulator_to_strangers_end_the_start(
    tmp_path, arguments, environment, sentence
):
    ended = started(tmp_path / "data", *arguments, **environment)
    assert ended.returncode == 1
    assert sentence in ended.stderr


def test_tokens_close_the_store_and_the_operators_side(tmp_path):
    emulator = conftest.Emulator(tmp_path / "data", SPOOL_TOKENS="secret-a=ann").start()
    try:
        published = boto3.client(
            "s3",
            endpoint_url=emulator.s3,
            region_name="us-east-1",
            aws_access_key_id="spool",
            aws_secret_access_key="spool-secret",
        )
        with pytest.raises(botocore.exceptions.ClientError, match="InvalidAccessKeyId"):
            published.list_objects_v2(Bucket="spool")
        for method, path in [
            ("POST", INVOKE),
            ("GET", "/console/api/logs"),
            ("GET", "/metrics"),
            ("POST", "/console/api/dead-letters/1/replay"),
        ]:
            body = b"{}" if method == "POST" else None
            assert emulator.call(method, path, body).status == 401
            assert emulator.call(method, path, body, token="secret-a").status == 401
        with pytest.raises(botocore.exceptions.ClientError) as refusal:
            boto3.client(
                "lambda",
                endpoint_url=emulator.api,
                region_name="us-east-1",
                aws_access_key_id="spool",
                aws_secret_access_key="spool-secret",
            ).invoke(FunctionName="sweep", Payload=b"{}")
        assert refusal.value.response["ResponseMetadata"]["HTTPStatusCode"] in (401, 403)
        made = emulator.data / "secrets.env"
        assert stat.S_IMODE(made.stat().st_mode) == 0o600
        text = made.read_text()
        token = emulator.secrets["SPOOL_ADMIN_TOKEN"]
        # The schedule may have the only instance.
        invoked = conftest.wait_until(
            "an instance of sweep",
            lambda: (
                (answer := emulator.call("POST", INVOKE, b"{}", token=token)).status != 429
                and answer
            ),
        )
        assert invoked.status == 200
        assert store_clients.s3_client(emulator).list_objects_v2(Bucket="spool")["KeyCount"] >= 0
        assert any("secrets.env" in record.get("file", "") for record in emulator.log_records())
        assert emulator.stop() == 0
        emulator.start()
        assert made.read_text() == text
    finally:
        emulator.stop()


# Pages of other sites (H5)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/api/export", EVIL | {"Content-Type": "text/plain"}),
        ("POST", "/api/export", {"Origin": "null", "Content-Type": "text/plain"}),
        ("GET", "/api/exports", EVIL),
        ("GET", "/api/exports", {"Host": "evil.example"}),
        (
            "GET",
            "/api/uppy/s3/params?filename=a.mp4&type=video/mp4",
            {"Sec-Fetch-Site": "cross-site"},
        ),
        ("POST", INVOKE, EVIL | {"Content-Type": "text/plain"}),
        ("POST", INVOKE, {"Content-Type": "text/plain"}),
        ("POST", INVOKE, {"Origin": "http://localhost:5173"}),
        ("POST", INVOKE, {"Sec-Fetch-Site": "same-site"}),
        ("POST", INVOKE, {"Host": "evil.example:8080"}),
        ("POST", "/console/api/dead-letters/1/replay", EVIL),
        ("POST", "/console/api/dead-letters/1/replay", {"Content-Type": "text/plain"}),
        ("GET", "/console/api/logs?limit=1", {"Host": "evil.example"}),
        ("GET", "/console/api/logs?limit=1", EVIL),
        ("GET", "/console/api/info", {"Host": "localhost.evil.example"}),
        ("GET", "/metrics", {"Host": "127.0.0.1.evil.example"}),
        ("GET", "/", {"Host": "evil.example"}),
    ],
)
def test_a_page_of_another_site_is_refused(shared, method, path, headers):
    before = invocations(shared, "uppy-upload"), invocations(shared, "start-export")
    answer = conftest.http(method, shared.api + path, b"{}" if method == "POST" else None, headers)
    assert answer.status == 403, answer.body
    assert answer.headers["Access-Control-Allow-Origin"] is None
    assert (invocations(shared, "uppy-upload"), invocations(shared, "start-export")) == before


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/exports", {"Origin": "http://localhost:5173"}, 200),
        ("/api/exports", {"Origin": "http://editor.localhost:3000"}, 200),
        ("/api/exports", {"Origin": "https://127.0.0.1"}, 200),
        ("/api/exports", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}, 200),
        ("/console/api/info", {"Sec-Fetch-Site": "same-origin"}, 200),
        ("/console/api/info", {}, 200),
        ("/healthz", {"Host": "localhost"}, 200),
        ("/healthz", {"Host": "192.168.1.5:8080"}, 200),
        ("/healthz", {"Host": "spool.localhost:8080"}, 200),
    ],
)
def test_pages_and_programs_of_this_machine_are_served(shared, path, headers, status):
    answer = conftest.http("GET", shared.api + path, headers=headers)
    assert answer.status == status, answer.body
    if "Origin" in headers:
        assert answer.headers["Access-Control-Allow-Origin"] == headers["Origin"]


def test_a_page_of_another_site_cannot_use_the_store(shared, s3):
    s3.put_object(Bucket="spool", Key="rebinding", Body=b"mine")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "spool", "Key": "rebinding"})
    write = s3.generate_presigned_url("put_object", Params={"Bucket": "spool", "Key": "evil"})
    host = {"Host": "evil.example"}
    try:
        assert conftest.http("GET", url).body == b"mine"
        assert conftest.http("GET", url, headers=EVIL).status == 403
        assert conftest.http("PUT", write, b"x", EVIL).status == 403
        assert conftest.http("GET", shared.s3 + "/spool", headers=host).status == 403
        preflight = EVIL | {"Access-Control-Request-Method": "PUT"}
        answer = conftest.http("OPTIONS", write, headers=preflight)
        assert answer.status == 403 and answer.headers["Access-Control-Allow-Origin"] is None
        page = {"Origin": "http://localhost:5173"}
        assert conftest.http("GET", url, headers=page).headers["Access-Control-Allow-Origin"]
    finally:
        s3.delete_object(Bucket="spool", Key="rebinding")
    assert "evil" not in [
        entry["Key"]
        for entry in s3.list_objects_v2(Bucket="spool", Prefix="evil").get("Contents", [])
    ]


ATTACK = """async ([api, invoke]) => {
    const seen = [];
    const attempt = async (path, options) => {
        try { const answer = await fetch(api + path, options); seen.push(await answer.text()); }
        catch { seen.push(''); }
    };
    const simple = {method: 'POST', body: '{}', headers: {'content-type': 'text/plain'}};
    await attempt('/api/export', {...simple, mode: 'no-cors'});
    await attempt(invoke, {...simple, mode: 'no-cors'});
    await attempt('/console/api/dead-letters/1/replay', {...simple, mode: 'no-cors'});
    await attempt('/api/exports', {});
    await attempt('/console/api/logs', {});
    await new Promise((done) => {
        const image = new Image();
        image.onload = image.onerror = done;
        image.src = api + '/api/uppy/s3/params?filename=a.mp4&type=video/mp4';
    });
    return seen;
}"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>evil</title>")

    def log_message(self, *_):
        pass


def test_a_browser_on_another_site_starts_reads_and_invokes_nothing(tmp_path):
    """A page of evil.example, and the same name bound to the emulator (DNS rebinding)."""
    emulator = conftest.Emulator(tmp_path / "data").start()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=conftest.CHROMIUM,
                args=[
                    *("--no-sandbox", "--disable-dev-shm-usage"),
                    "--host-resolver-rules=MAP evil.example 127.0.0.1",
                    "--disable-features=BlockInsecurePrivateNetworkRequests,LocalNetworkAccessChecks",
                ],
            )
            page = browser.new_page()
            page.goto(f"http://evil.example:{server.server_port}/")
            assert set(page.evaluate(ATTACK, [emulator.api, INVOKE])) == {""}
            rebound = emulator.api.replace("127.0.0.1", "evil.example")
            answer = page.goto(f"{rebound}/console/api/logs")
            assert answer.status == 403
            browser.close()
        for function in ("start-export", "uppy-upload", "job-status"):
            assert invocations(emulator, function) == 0
        sources = emulator.call("GET", "/console/api/invocations?function=sweep").json()
        assert all(entry["source"] != "invoke" for entry in sources["invocations"])
    finally:
        server.shutdown()
        assert emulator.stop() == 0


def test_every_response_has_security_headers(shared):
    for path in ("/", "/app.js", "/healthz", "/api/exports", "/api/nothing", "/console/api/info"):
        headers = conftest.http("GET", shared.api + path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Frame-Options"] == "DENY"
    assert conftest.http("GET", shared.s3 + "/").headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "content_type", ["image/svg+xml", "text/html; charset=utf-8", "application/xhtml+xml"]
)
def test_uploaded_active_content_is_never_shown_inline(s3, content_type):
    s3.put_object(Bucket="spool", Key="active", Body=b"<svg/>", ContentType=content_type)
    try:
        parameters = {"Bucket": "spool", "Key": "active"}
        for extra in ({}, {"ResponseContentDisposition": "inline"}):
            url = s3.generate_presigned_url("get_object", Params=parameters | extra)
            headers = conftest.http("GET", url).headers
            assert headers["Content-Disposition"] == "attachment"
            assert headers["Content-Security-Policy"] == "sandbox"
            assert headers["X-Content-Type-Options"] == "nosniff"
        # S3's clients see what S3 would send.
        assert "ContentDisposition" not in s3.head_object(**parameters)
        url = s3.generate_presigned_url(
            "get_object", Params=parameters | {"ResponseContentType": "video/mp4"}
        )
        assert conftest.http("GET", url).headers["Content-Disposition"] is None
    finally:
        s3.delete_object(Bucket="spool", Key="active")


# Heads and framing (H14)

GOOD = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
FORMS = {
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "length of letters": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    "length with a sign": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: +1\r\n\r\nx",
    "negative length": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    "huge length": b"POST / HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Length: 9999999999999999999999\r\n\r\n",
    "length and a coding": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
    b"Content-Length: 44\r\n\r\n",
    "list of lengths": b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0, 44\r\n\r\n",
    "coding twice": b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
    b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "unknown coding": b"POST / HTTP/1.1\r\nHost: localhost\r\n"
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "bare LF after a field": b"GET /healthz HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n",
    "bare LF after the request line": b"GET /healthz HTTP/1.1\nHost: localhost\r\n\r\n",
    "bare LF at the end": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\n",
    "bare LFs alone": b"GET /healthz HTTP/1.1\nHost: localhost\n\n",
    "folded field": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n",
    "space before the colon": b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
    "NUL": b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n",
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("port", ["api", "s3"])
def test_an_ambiguous_request_gets_one_refusal_and_smuggles_nothing(shared, port, name):
    answer = exchange(getattr(shared, port), FORMS[name] + GOOD)
    assert heads(answer) <= 1
    assert not answer or answer.startswith(b"HTTP/1.1 400 "), answer[:200]


def test_a_head_in_pieces_is_served(shared):
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A:b\r\nX-Empty:\r\n"
    head += b"Connection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(shared.api.rsplit(":", 1)[1]))) as connection:
        for byte in head:
            connection.sendall(bytes([byte]))
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200 ")


# Files and the Runtime API (H12, H13)


def test_only_this_user_reads_the_data_and_recordings_hold_no_token(tmp_path):
    records = tmp_path / "records"
    emulator = conftest.Emulator(
        tmp_path / "data", arguments=("--record", records), SPOOL_TOKENS="secret-a=ann"
    ).start()
    try:
        assert emulator.call("GET", "/api/exports", token="secret-a").status == 200
        conftest.wait_until("a recording", lambda: list(records.glob("*.json")))
        for path in [emulator.data, emulator.data / "scratch", emulator.data / "objects", records]:
            assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
        files = [*emulator.data.glob("spool.sqlite*"), *records.glob("*.json")]
        assert len(files) >= 3
        for path in [*files, emulator.data / "lock"]:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    finally:
        assert emulator.stop() == 0
    for path in records.glob("*.json"):
        assert "secret-a" not in path.read_text()


def listening_ports(process):
    """TCP ports on which a process listens."""
    inodes = set()
    for entry in os.scandir(f"/proc/{process}/fd"):
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(entry.path)))
        except OSError:
            continue
    with open("/proc/net/tcp", encoding="ascii") as table:
        rows = [line.split() for line in table.readlines()[1:]]
    return {int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and row[9] in inodes}


def test_a_stranger_cannot_use_an_instances_runtime_api(emulator):
    for path in ("/api/exports", "/api/projects", "/api/assets"):
        assert emulator.call("GET", path).status == 200
    known = {int(url.rsplit(":", 1)[1]) for url in (emulator.api, emulator.s3)}
    ports = listening_ports(emulator.process.pid) - known
    assert len(ports) >= 3
    for port in ports:
        for headers in ({}, EVIL, {"Sec-Fetch-Site": "cross-site"}):
            for method, path in [
                ("GET", "invocation/next"),
                ("POST", "init/error"),
                ("POST", "invocation/x/response"),
            ]:
                url = f"http://127.0.0.1:{port}/2018-06-01/runtime/{path}"
                answer = conftest.http(method, url, b"{}" if method == "POST" else None, headers)
                assert answer.status == 404
    idle = [
        instance
        for function in emulator.call("GET", "/console/api/functions").json()["functions"]
        for instance in function["instances"]
    ]
    assert len(idle) >= 3
    assert emulator.call("GET", "/api/exports").status == 200


# Uploads (H9)


def test_a_granted_upload_is_bounded(tmp_path):
    """A presigned URL does not say how much it permits; the store knows the deployment's limit."""
    emulator = conftest.Emulator(tmp_path / "data", SPOOL_UPLOAD_MAX_BYTES="1000").start()
    try:
        grant = emulator.call("GET", "/api/uppy/s3/params?filename=a.mp4&type=video%2Fmp4").json()
        for size, status in ((1001, 400), (1000, 200)):
            put = conftest.http(grant["method"], grant["url"], b"0" * size, grant["headers"])
            assert put.status == status, put.body
        made = emulator.call(
            "POST", "/api/uppy/s3/multipart", {"filename": "b.mp4", "type": "video/mp4"}
        ).json()
        place = f"/api/uppy/s3/multipart/{made['uploadId']}/1?key={made['key']}"
        part = emulator.call("GET", place).json()["url"]
        assert conftest.http("PUT", part, b"0" * 1001).status == 400
        assert conftest.http("PUT", part, b"0" * 1000).status == 200
        # The same part again replaces the first, and is not added to it.
        assert conftest.http("PUT", part, b"1" * 1000).status == 200
    finally:
        assert emulator.stop() == 0
