"""Init, SIGTERM, traps, SnapStart, concurrent events, libraries loaded at the start."""

import json
import pathlib
import select
import signal

import pytest

from runtime_platform import BASE, NEXT, PATIENCE, ROOT, response
from waiting import wait_until

INIT_ERROR = f"POST {BASE}/init/error"


def test_a_failed_init_is_posted_and_the_process_fails(platform):
    platform.start(FAIL_INIT="1")
    connection = platform.accept()
    request = connection.request()
    assert request.what == INIT_ERROR
    assert request.headers["lambda-runtime-function-error-type"] == "Function.InitFailed"
    assert request.json() == {
        "errorMessage": "FAIL_INIT=1 asked for this.",
        "errorType": "Function.InitFailed",
        "stackTrace": [],
    }
    connection.answer()
    assert platform.wait() == 1


def test_an_unknown_handler_is_an_init_error_that_names_the_known_ones(platform):
    platform.start(handler="nope")
    connection = platform.accept()
    request = connection.request()
    assert request.what == INIT_ERROR
    assert request.json()["errorType"] == "Runtime.UnknownHandler"
    assert "render-chunk" in request.json()["errorMessage"]
    connection.answer()
    assert platform.wait() == 1


def test_every_fault_of_the_configuration_is_in_the_init_error(platform):
    platform.start(handler="job-status", WORKER_CONCURRENCY="many", SPOOL_TOKENS="=x")
    message = platform.accept().request().json()["errorMessage"]
    assert "WORKER_CONCURRENCY" in message and "SPOOL_TOKENS" in message


@pytest.mark.parametrize("api", ["", "nonsense", "127.0.0.1:0"])
def test_an_environment_without_a_runtime_api_is_a_failure(platform, api):
    platform.start(AWS_LAMBDA_RUNTIME_API=api)
    assert platform.wait() == 1
    assert "AWS_LAMBDA_RUNTIME_API" in platform.log()["detail"]


def test_sigterm_ends_an_idle_process_at_once_with_status_0(echo):
    echo.terminate()
    assert echo.wait() == 0


def test_sigterm_cancels_the_handler_and_its_end_is_reported(echo):
    echo.connection.event({"sleep_ms": 600_000})
    wait_until_busy(echo)
    echo.terminate()
    assert echo.connection.request().json()["errorType"] == "Runtime.Cancelled"
    echo.connection.answer()
    assert echo.wait() == 0


def test_the_process_registers_for_sigterm_before_its_first_next_on_request(platform):
    platform.start(SPOOL_SHUTDOWN_SIGNAL="1")
    extension = platform.accept()
    request = extension.request()
    assert request.what == "POST /2020-01-01/extension/register"
    assert request.headers["lambda-extension-name"] == "bootstrap"
    assert request.json() == {"events": []}
    extension.answer(200, headers="Lambda-Extension-Identifier: id-1\r\n")
    wait = extension.request()
    assert wait.what == "GET /2020-01-01/extension/event/next"
    assert wait.headers["lambda-extension-identifier"] == "id-1"
    connection = platform.first()
    connection.event(b"1")
    assert connection.request().what == response()
    platform.terminate()
    connection.answer()
    assert platform.wait() == 0


def test_a_platform_without_extensions_serves_events(platform):
    platform.start(SPOOL_SHUTDOWN_SIGNAL="1")
    extension = platform.accept()
    extension.request()
    extension.answer(404)
    platform.first()
    assert platform.log()["message"] == "Registration for SIGTERM failed"


def wait_until_busy(platform):
    """Returns when the runtime has read the event from its socket."""
    port = f":{platform.listener.getsockname()[1]:04X}"

    def is_read():
        lines = pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]
        fields = [line.split() for line in lines]
        return not any(
            field[1].endswith(port) and int(field[4].split(":")[0], 16) for field in fields
        )

    wait_until("an empty send queue", is_read, PATIENCE)


def test_a_trap_ends_the_process_and_its_message_is_in_the_log(echo):
    echo.connection.event({"trap": 'an "invariant" broke'})
    assert echo.wait() in (-signal.SIGILL, -signal.SIGTRAP)
    assert any(line.endswith('Fatal error: an "invariant" broke\n') for line in echo.all_lines())


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS])
def test_a_fatal_signal_ends_the_process_with_that_signal(echo, number):
    echo.connection.event({"sleep_ms": 600_000})
    wait_until_busy(echo)
    echo.process.send_signal(number)
    assert echo.wait() == -number


def test_snapstart_waits_for_the_restore_before_its_first_next(platform):
    platform.start(AWS_LAMBDA_INITIALIZATION_TYPE="snap-start")
    connection = platform.accept()
    assert connection.request().what == f"GET {BASE}/restore/next"
    connection.answer(200, b"")
    # A restored environment has no connection left from before the snapshot.
    again = platform.first()
    again.event(b"1")
    assert again.request().what == response()


def test_events_are_served_concurrently_up_to_the_platforms_limit(platform):
    platform.start(AWS_LAMBDA_MAX_CONCURRENCY="3")
    connections = [platform.first() for _ in range(3)]
    for number, connection in enumerate(connections):
        connection.event({"sleep_ms": 300, "n": number}, request_id=f"r-{number}")
    # All three post before any is answered: they are concurrent.
    for number, connection in enumerate(connections):
        request = connection.request()
        assert (request.what, request.json()["n"]) == (response(f"r-{number}"), number)
    ready, _, _ = select.select([platform.listener], [], [], 0)
    assert not ready, "a fourth connection was opened"


def test_each_event_sees_its_own_trace_id_when_several_are_served(platform):
    platform.start(AWS_LAMBDA_MAX_CONCURRENCY="2")
    first, second = platform.first(), platform.first()
    first.event({"context": True}, headers="Lambda-Runtime-Trace-Id: Root=1\r\n")
    second.event({"context": True}, "r-2", headers="Lambda-Runtime-Trace-Id: Root=2\r\n")
    assert first.request().json()["traceId"] == "Root=1"
    assert second.request().json()["traceId"] == "Root=2"


def test_a_500_to_one_loop_ends_them_all(platform):
    platform.start(AWS_LAMBDA_MAX_CONCURRENCY="2")
    first, _ = platform.first(), platform.first()
    first.answer(500)
    assert platform.wait() == 1


def test_a_start_loads_no_library_that_it_does_not_need(platform):
    platform.start(handler="nope")
    assert platform.accept().request().what == INIT_ERROR
    # The process waits for the response, so it has loaded the libraries of its start.
    maps = open(f"/proc/{platform.process.pid}/maps").read()
    for library in (
        "libcurl",
        "libcrypto",
        "libssl",
        "libxml2",
        "libicu",
        "libarchive",
        "libgnutls",
        "libsqlite3",
        "libpq",
    ):
        assert library not in maps, f"{library} is loaded at the start"


def test_a_function_of_the_store_loads_its_libraries_while_it_waits(platform):
    platform.start(handler="job-status", **STORE)
    platform.first()
    wait_for_library(platform, "libcurl")


STORE = {
    "SPOOL_BUCKET": "b",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
}


def wait_for_library(platform, name):
    maps = pathlib.Path(f"/proc/{platform.process.pid}/maps")
    wait_until(f"{name} in the process", lambda: name in maps.read_text(), PATIENCE)


def test_every_function_of_the_deployment_starts(platform):
    table = json.loads((ROOT / "infra/functions.json").read_text())
    for name in sorted({function["handler"] for function in table["functions"]}):
        platform.start(handler=name, **STORE)
        assert platform.accept().request().what == NEXT, name
        platform.process.kill()
        platform.process.wait(PATIENCE)
