"""Response streaming: chunks, trailers, refusals."""

import base64
import json

from runtime_platform import NEXT, error, response


def test_a_stream_is_chunked_and_declares_it(echo):
    echo.connection.event({"stream": 3})
    request = echo.connection.request()
    assert request.what == response()
    assert request.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert request.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in request.headers
    assert [name.strip() for name in request.headers["trailer"].split(",")] == [
        "Lambda-Runtime-Function-Error-Type",
        "Lambda-Runtime-Function-Error-Body",
    ]
    assert request.chunks == [b"chunk 0\n", b"chunk 1\n", b"chunk 2\n"]
    assert request.trailers == {}
    echo.connection.answer()
    assert echo.connection.request().what == NEXT


def test_each_chunk_is_sent_when_it_is_written(echo):
    echo.connection.event({"stream": 2, "delay_ms": 600_000})
    stream = echo.connection.stream
    while stream.readline() != b"\r\n":
        pass
    assert stream.readline() == b"8\r\n"
    assert stream.readline() == b"chunk 0\n"


def test_an_error_in_mid_stream_is_in_the_trailers(echo):
    echo.connection.event({"stream_fail": 2})
    request = echo.connection.request()
    assert request.chunks == [b"chunk 0\n", b"chunk 1\n"]
    assert request.trailers["lambda-runtime-function-error-type"] == "Function.EchoError"
    body = base64.b64decode(request.trailers["lambda-runtime-function-error-body"], validate=True)
    assert json.loads(body) == {
        "errorMessage": "The stream failed after 2.",
        "errorType": "Function.EchoError",
        "stackTrace": [],
    }
    echo.connection.answer()
    assert echo.connection.request().what == NEXT
    assert echo.log_of("Invocation finished")["outcome"] == "error"


def test_an_error_before_the_first_chunk_is_an_ordinary_error(echo):
    echo.connection.event({"stream_fail": 0})
    assert echo.connection.request().what == error()


def test_an_empty_stream_is_a_response(echo):
    echo.connection.event({"stream": 0})
    request = echo.connection.request()
    assert (request.what, request.chunks) == (response(), [])


def test_a_stream_that_is_refused_ends_and_the_next_event_is_served(echo):
    echo.connection.event({"stream": 100_000, "delay_ms": 1})
    while echo.connection.stream.readline() != b"chunk 5\n":
        pass
    echo.connection.answer(413, headers="Connection: close\r\n")
    # The chunks that were written before the refusal arrived.
    echo.connection.socket.settimeout(20)
    while echo.connection.stream.read1(65536):
        pass
    assert echo.first()
    line = echo.log_of("Invocation finished")
    assert (line["outcome"], line["status"]) == ("refused", 413)


def test_a_stream_without_a_reader_ends_and_the_next_event_is_served(echo):
    echo.connection.event({"stream": 100_000, "delay_ms": 1})
    while echo.connection.stream.readline() != b"chunk 5\n":
        pass
    echo.connection.reset()
    again = echo.first()
    again.event(b"2", request_id="r-2")
    assert again.request().what == response("r-2")
    assert echo.log_of("Invocation finished")["outcome"] == "lost"


def test_a_closed_connection_is_replaced_before_a_stream(echo):
    echo.connection.event({"stream": 1, "sleep_ms": 0})
    echo.connection.request()
    echo.connection.answer()
    echo.connection.request()
    echo.connection.event({"stream": 1}, headers="Connection: close\r\n")
    assert echo.accept().request().chunks == [b"chunk 0\n"]
