"""Streamed responses of a function, through its URL and through the Invoke API."""

import http.client
import json
import sys
import urllib.parse

import pytest

import conftest
from lambda_functions import HERE, client_of, sees, start

PRELUDE = "application/vnd.awslambda.http-integration-response"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    def streaming(name, mode):
        return {
            "name": name,
            "handler": name,
            "taskRoot": str(HERE),
            "timeoutSeconds": 20,
            "command": [sys.executable, "streaming.py"],
            "environment": sees(tmp_path_factory.getbasetemp()),
            "url": {"authType": "NONE", "invokeMode": mode},
        }

    running = start(
        tmp_path_factory.mktemp("streaming"),
        [streaming("streamed", "RESPONSE_STREAM"), streaming("buffered", "BUFFERED")],
    )
    yield running
    assert running.stop() == 0


def ask(emulator, name, order):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(emulator.api).netloc)
    connection.request("POST", f"/fn/{name}/", json.dumps(order))
    return connection.getresponse()


def test_the_first_piece_arrives_before_the_last_is_made(emulator, tmp_path):
    go = tmp_path / "go"
    answer = ask(emulator, "streamed", {"chunks": 3, "wait_for": str(go)})
    assert answer.readline() == b"chunk 0\n"
    go.touch()
    assert answer.read() == b"chunk 1\nchunk 2\n"
    assert answer.headers["Content-Type"] == "application/octet-stream"


def test_a_prelude_sets_status_headers_and_cookies(emulator):
    answer = ask(
        emulator,
        "streamed",
        {
            "type": PRELUDE,
            "chunks": 1,
            "prelude": {
                "statusCode": 203,
                "headers": {"Content-Type": "text/own", "X-Own": "1"},
                "cookies": ["a=1", "b=2"],
            },
        },
    )
    assert (answer.status, answer.headers["Content-Type"]) == (203, "text/own")
    assert answer.headers["X-Own"] == "1"
    assert answer.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.read() == b"first,chunk 0\n"


def test_a_malformed_prelude_is_a_bad_gateway(emulator):
    assert ask(emulator, "streamed", {"type": PRELUDE, "chunks": 1}).status == 502


@pytest.mark.parametrize(
    "order",
    [
        {"error": {"errorType": "Function.Broken", "errorMessage": "half way"}},
        {"die": True},
        {"hang_up": True},
    ],
)
def test_a_truncated_response_is_an_error(emulator, order):
    answer = ask(emulator, "streamed", {"chunks": 2} | order)
    assert answer.status == 200
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        answer.read()
    assert ask(emulator, "streamed", {"chunks": 1}).read() == b"chunk 0\n"


def test_a_response_larger_than_the_buffer_is_streamed(emulator):
    answer = ask(emulator, "streamed", {"megabytes": 64})
    assert len(answer.read()) == 64 << 20


def test_the_function_continues_after_its_caller_disconnects(emulator):
    answer = ask(emulator, "streamed", {"megabytes": 64})
    answer.read(1000)
    answer.close()
    assert ask(emulator, "streamed", {"chunks": 1}).read() == b"chunk 0\n"


def test_a_buffered_url_returns_a_streamed_response_whole(emulator):
    answer = ask(emulator, "buffered", {"chunks": 2})
    assert answer.headers["Transfer-Encoding"] is None
    assert answer.read() == b"chunk 0\nchunk 1\n"
    assert ask(emulator, "buffered", {"megabytes": 7}).status == 502


def pieces(emulator, order):
    client = client_of(emulator)
    answer = client.invoke_with_response_stream(FunctionName="streamed", Payload=json.dumps(order))
    events = list(answer["EventStream"])
    body = b"".join(e["PayloadChunk"]["Payload"] for e in events if "PayloadChunk" in e)
    return body, events[-1]["InvokeComplete"]


def test_the_invoke_api_streams_events(emulator):
    body, end = pieces(emulator, {"chunks": 3})
    assert (body, end) == (b"chunk 0\nchunk 1\nchunk 2\n", {})


def test_the_invoke_api_reports_an_error_in_mid_stream(emulator):
    error = {"errorType": "Function.Broken", "errorMessage": "half way"}
    body, end = pieces(emulator, {"chunks": 1, "error": error})
    assert body == b"chunk 0\n"
    assert end["ErrorCode"] == "Function.Broken"
    assert json.loads(end["ErrorDetails"]) == error
    assert pieces(emulator, {"chunks": 1, "die": True})[1]["ErrorCode"] == "Runtime.ExitError"
    broken = pieces(emulator, {"chunks": 1, "hang_up": True})[1]
    assert broken["ErrorCode"] == "Runtime.TruncatedResponse"


def test_a_plain_invoke_collects_the_stream(emulator):
    answer = client_of(emulator).invoke(FunctionName="streamed", Payload=b'{"chunks": 2}')
    assert answer["Payload"].read() == b"chunk 0\nchunk 1\n"
    metrics = conftest.http("GET", emulator.api + "/metrics").body.decode()
    assert 'spool_invocations_total{function="streamed"}' in metrics
