"""Pages of another origin read every response of the API, the server's own refusals included."""

import socket
import subprocess

import conftest
from lambda_functions import function, start

FETCHES = """async ([api, requests]) => {
    const seen = [];
    for (const [method, path, length] of requests) {
        const body = length ? 'x'.repeat(length) : undefined;
        const headers = {authorization: 'Bearer t', 'if-match': '"e"'};
        try {
            const answer = await fetch(api + path, {method, body, headers});
            await answer.text();
            seen.push([answer.status, answer.headers.get('allow')]);
        } catch (error) { seen.push([String(error), null]); }
    }
    return seen;
}"""


def test_a_page_reads_every_status(tmp_path, foreign_page):
    answer = {"url": {"authType": "NONE"}}
    running = start(
        tmp_path,
        [
            function(
                "status",
                "statuses.status",
                routes=[
                    {"method": "POST", "path": "/api/status/{status}"},
                    {"method": "GET", "path": "/api/status/{status}"},
                    {"method": "POST", "path": "/api/form", "body": "multipart-stream"},
                ],
                **answer,
            )
        ],
    )
    statuses = [200, 400, 401, 404, 409, 410, 412, 413, 429, 500, 503, 507]
    requests = [["GET", f"/api/status/{status}", 0] for status in statuses]
    requests += [
        ["POST", "/api/status/crash", 2],
        ["GET", "/api/unknown", 0],
        ["DELETE", "/api/unknown/path", 0],
        ["PATCH", "/api/status/200", 2],
        ["POST", "/api/status/200", 11_000_000],
        ["POST", "/api/status/200", 70_000_000],
        ["PUT", "/fn/unknown/", 2],
        ["POST", "/fn/status/", 11_000_000],
    ]
    try:
        seen = foreign_page.evaluate(FETCHES, [running.api, requests])
        expected = [*statuses, 502, 404, 404, 405, 413, 413, 404, 413]
        assert [status for status, _ in seen] == expected
        assert seen[len(statuses) + 3][1] == "GET, POST, OPTIONS"
    finally:
        assert running.stop() == 0


def preflight(running, path, method="PUT", origin="http://localhost:8000"):
    return conftest.http(
        "OPTIONS",
        running.api + path,
        headers={"Origin": origin, "Access-Control-Request-Method": method},
    )


def test_preflights_follow_the_settings(tmp_path):
    running = start(
        tmp_path,
        [function("status", "statuses.status", url={"authType": "NONE"})],
        FRONTEND_URL="https://refresher.pages.dev/, http://localhost:8000",
        SPOOL_CORS_MAX_AGE="3600",
    )
    try:
        for path in ("/api/jobs", "/api/unknown/path", "/fn/status/"):
            allowed = preflight(running, path)
            assert (allowed.status, allowed.body) == (204, b"")
            assert allowed.headers["Access-Control-Allow-Origin"] == "http://localhost:8000"
            assert allowed.headers["Access-Control-Max-Age"] == "3600"
            methods = allowed.headers["Access-Control-Allow-Methods"].split(",")
            assert {"GET", "POST", "DELETE", "OPTIONS"} <= set(methods)
            page = preflight(running, path, origin="https://refresher.pages.dev")
            assert page.headers["Access-Control-Allow-Origin"] == "https://refresher.pages.dev"
            strange = preflight(running, path, origin="https://example.org")
            assert strange.headers["Access-Control-Allow-Origin"] is None
        console = preflight(running, "/console/api/logs")
        assert console.headers["Access-Control-Allow-Origin"] is None
    finally:
        assert running.stop() == 0


def test_password_mode_keeps_a_preflight_for_a_day(tmp_path):
    running = start(
        tmp_path, [function("status", "statuses.status")], AUTH_PASSWORD="correct horse"
    )
    try:
        assert preflight(running, "/api/jobs").headers["Access-Control-Max-Age"] == "86400"
    finally:
        assert running.stop() == 0


def test_the_api_listens_on_the_port_of_the_environment(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [
            *(conftest.BIN / "local-emulator", "--data", tmp_path / "data", "--s3-port", "0"),
            *("--functions", conftest.ROOT / "infra/functions.json"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PORT": str(port)},
    )
    try:
        assert f"http://127.0.0.1:{port}/" in process.stdout.readline()
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0
