"""The Runtime API's next, response and error: headers, status codes, resets."""

import json
import re

import pytest

from runtime_platform import NEXT, error, response


def test_next_has_no_body_and_no_time_limit(echo):
    # The socket has no time limit.
    pid = echo.process.pid
    states = {
        line.split()[0]: line.split()[1]
        for line in open(f"/proc/{pid}/status")
        if len(line.split()) > 1
    }
    assert states["State:"] == "S"
    echo.connection.event({"a": 1})
    assert echo.connection.request().what == response()


def test_an_event_is_echoed_byte_for_byte(echo):
    echo.connection.event(b'{ "a" : [1,2] }')
    request = echo.connection.request()
    assert request.what == response()
    assert request.body == b'{ "a" : [1,2] }'
    assert request.headers["content-type"] == "application/json"
    assert request.version == "HTTP/1.1" and "expect" not in request.headers


def test_the_connection_is_kept_for_a_hundred_invocations(echo):
    for number in range(100):
        echo.connection.event(str(number).encode(), request_id=f"r-{number}")
        request = echo.connection.request()
        assert (request.what, request.body) == (response(f"r-{number}"), str(number).encode())
        echo.connection.answer()
        assert echo.connection.request().what == NEXT


def test_an_event_may_come_in_chunks_and_in_pieces(echo):
    echo.connection.send("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\nTransfer-Enc")
    echo.connection.send("oding: chunked\r\n\r\n3\r\n[1,\r\n")
    echo.connection.send("2\r\n2]\r\n0\r\n\r\n")
    assert echo.connection.request().body == b"[1,2]"


def test_header_names_are_read_in_any_case_and_only_the_request_id_is_needed(echo):
    echo.connection.send(
        "HTTP/1.1 200 OK\r\nLAMBDA-RUNTIME-AWS-REQUEST-ID: r-1\r\ncontent-length: 2\r\n\r\n{}"
    )
    assert echo.connection.request().what == response()


@pytest.mark.parametrize("count", [0, 1, 6 * 1024 * 1024 + 100])
def test_events_up_to_the_size_limit_are_echoed(echo, count):
    body = b"1" * count
    echo.connection.event(body)
    assert echo.connection.request().body == body


def test_the_trace_id_is_in_the_environment_and_is_cleared_when_absent(echo):
    ask = {"getenv": "_X_AMZN_TRACE_ID"}
    trace = "Root=1-5e1b4151-5ac6c58;Parent=1;Sampled=1"
    echo.connection.event(ask, headers=f"Lambda-Runtime-Trace-Id: {trace}\r\n")
    assert echo.connection.request().json() == {"value": trace}
    echo.connection.answer()
    echo.connection.request()
    echo.connection.event(ask)
    assert echo.connection.request().json() == {"value": None}


def test_arn_tenant_context_and_identity_reach_the_handler(echo):
    client, identity = {"client": {"app_title": "\u00e9"}}, {"identityId": "i"}
    echo.connection.event(
        {"context": True},
        headers=(
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-central-1:1:function:f:live\r\n"
            "Lambda-Runtime-Aws-Tenant-Id: t-1\r\nLambda-Runtime-Trace-Id: Root=1\r\n"
            f"Lambda-Runtime-Client-Context: {json.dumps(client)}\r\n"
            f"Lambda-Runtime-Cognito-Identity: {json.dumps(identity)}\r\n"
        ),
    )
    context = echo.connection.request().json()
    assert 0 < context.pop("remainingMs") <= 4102444800000
    assert context == {
        "requestId": "r-1",
        "functionName": "echo-1",
        "traceId": "Root=1",
        "invokedFunctionArn": "arn:aws:lambda:eu-central-1:1:function:f:live",
        "tenantId": "t-1",
        "deadlineMs": 4102444800000,
        "clientContext": client,
        "cognitoIdentity": identity,
    }


def test_a_thrown_error_has_lambdas_shape_and_type(echo):
    echo.connection.event({"throw": 'a "quoted"\nline\u0001 \U0001f600'})
    request = echo.connection.request()
    assert request.what == error()
    assert request.headers["lambda-runtime-function-error-type"] == "Function.EchoError"
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {
        "errorMessage": 'a "quoted"\nline\u0001 \U0001f600',
        "errorType": "Function.EchoError",
        "stackTrace": [],
    }


def test_lambda_keeps_every_error_type(echo):
    echo.connection.event({"throw": "x"})
    kind = echo.connection.request().headers["lambda-runtime-function-error-type"]
    assert re.fullmatch(r"(Runtime|Function)\.[A-Z][a-zA-Z]+", kind)


@pytest.mark.parametrize("status", [400, 403, 404, 410, 413, 429])
def test_a_4xx_to_a_response_is_logged_and_the_next_event_is_served(echo, status):
    echo.connection.event(b"1")
    echo.connection.request()
    echo.connection.answer(status, b'{"errorMessage":"no","errorType":"X"}')
    assert echo.connection.request().what == NEXT
    line = echo.log_of("Invocation finished")
    assert (line["outcome"], line["status"]) == ("refused", status)
    echo.connection.event(b"2", request_id="r-2")
    assert echo.connection.request().what == response("r-2")


def test_a_413_during_the_response_is_handled(echo):
    echo.connection.event({"respond_bytes": 8_000_000})
    # Reads the head only; the refusal arrives before the rest.
    echo.connection.stream.readline()
    echo.connection.send("HTTP/1.1 413 X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    echo.connection.close()
    again = echo.accept()
    # The refusal may be lost in the reset; the response is posted again then.
    while (request := again.request()).what != NEXT:
        assert request.what == response()
        again.answer(413)
    again.event(b"2", request_id="r-2")
    assert again.request().what == response("r-2")


@pytest.mark.parametrize("call", ["next", "response"])
def test_a_500_ends_the_process_with_a_failure(echo, call):
    if call == "response":
        echo.connection.event(b"1")
        echo.connection.request()
    echo.connection.answer(500)
    assert echo.wait() == 1


def test_a_response_is_repeated_after_a_502(echo):
    echo.connection.event(b"1")
    echo.connection.request()
    echo.connection.answer(502)
    assert echo.connection.request().what == response()
    echo.connection.answer()
    assert echo.connection.request().what == NEXT


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_dropped_next_is_repeated(echo, end):
    getattr(echo.connection, end)()
    again = echo.first()
    again.event(b"1")
    assert again.request().what == response()


@pytest.mark.parametrize("end", ["close", "reset"])
def test_a_connection_closed_between_event_and_response_loses_nothing(echo, end):
    echo.connection.event({"sleep_ms": 100})
    getattr(echo.connection, end)()
    again = echo.accept()
    assert again.request().what == response()
    again.answer()
    assert again.request().what == NEXT


def test_a_response_on_a_closed_connection_is_posted_again(echo):
    echo.connection.event(b"1")
    echo.connection.request()
    echo.connection.close()
    assert echo.accept().request().what == response()


def test_a_truncated_event_never_reaches_the_handler(echo):
    echo.connection.send(
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\nContent-Length: 100\r\n\r\n{}"
    )
    echo.connection.close()
    again = echo.first()
    again.event(b"2", request_id="r-2")
    assert again.request().what == response("r-2")


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: -2\r\n",
        "Content-Length : 2\r\n",
        "",
    ],
)
def test_a_malformed_http_response_is_refused(echo, head):
    echo.connection.send(f"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\n{head}\r\n{{}}")
    echo.connection.close()
    again = echo.first()
    again.event(b"2", request_id="r-2")
    assert again.request().what == response("r-2")


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 99999999999\r\n",
        "Content-Length: 25165825\r\n",
        "Transfer-Encoding: chunked\r\n\r\n1800001\r\n",
        "Lambda-Runtime-Deadline-Ms: soon\r\nContent-Length: 2\r\n",
    ],
)
def test_an_event_that_the_runtime_cannot_take_is_answered_with_an_error(echo, head):
    echo.connection.send(f"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\n{head}\r\n{{}}")
    echo.connection.close()
    report = echo.accept()
    request = report.request()
    assert request.what == "POST /2018-06-01/runtime/invocation/r-1/error"
    assert request.json()["errorType"] == "Runtime.UnusableEvent"
    report.answer()
    assert report.request().what == NEXT
    report.event(b"2", request_id="r-2")
    assert report.request().what == response("r-2")


def test_a_request_id_that_is_a_path_is_refused(echo):
    echo.connection.event(b"1", request_id="../../x")
    # The framing was valid, so the connection is kept.
    assert echo.connection.request().what == NEXT


def test_a_vanished_api_ends_the_process_with_a_failure(echo):
    echo.listener.close()
    echo.connection.close()
    assert echo.wait() == 1


def test_connection_close_is_honoured(echo):
    echo.connection.answer(200, b"1", "Lambda-Runtime-Aws-Request-Id: r-1\r\nConnection: close\r\n")
    assert echo.accept().request().what == response()


def test_next_follows_the_accepted_response(echo):
    echo.connection.event(b"1")
    echo.connection.request()
    echo.connection.socket.settimeout(0.2)
    with pytest.raises(TimeoutError):
        echo.connection.socket.recv(1)
