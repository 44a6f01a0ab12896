"""The emulator serves AWS's own runtime client for Python as Lambda does."""

import base64
import concurrent.futures
import json
import pathlib
import subprocess
import sys

import botocore.config
import botocore.exceptions
import pytest

import conftest
from lambda_functions import (
    HERE,
    REGION,
    client_of,
    function,
    invoke,
    invoke_until_taken,
    sees,
    start,
)
from waiting import wait_until


@pytest.fixture(scope="module")
def records(tmp_path_factory):
    return tmp_path_factory.mktemp("records") / "given-up.jsonl"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory, records):
    quick = {"maximumRetryAttempts": 2, "retryDelaysSeconds": [0.05]}
    running = start(
        tmp_path_factory.mktemp("other"),
        [
            function("echo", "handlers.echo"),
            function(
                "orders",
                "handlers.orders",
                environment={"OWN": "variable"} | sees(records.parent),
                **{"async": quick | {"onFailure": "given-up"}},
            ),
            function("given-up", "handlers.on_failure", environment={"RECORD_FILE": str(records)}),
            function(
                "alone", "handlers.orders", reservedConcurrency=1, environment=sees(records.parent)
            ),
            function("hasty", "handlers.orders", timeoutSeconds=1),
            function("missing", "no_such_module.handler"),
        ],
    )
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def client(emulator):
    return client_of(emulator)


# The Invoke API


def test_the_command_line_client_invokes(emulator, tmp_path):
    out = tmp_path / "out.json"
    environment = {
        "AWS_ACCESS_KEY_ID": "spool",
        "AWS_SECRET_ACCESS_KEY": "spool-secret",
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "PYTHONUTF8": "1",
    }
    run = subprocess.run(
        [
            pathlib.Path(sys.executable).with_name("aws"),
            "lambda",
            "invoke",
            "--endpoint-url",
            emulator.api,
            "--region",
            REGION,
            "--function-name",
            "echo",
            "--log-type",
            "Tail",
            "--payload",
            '{"a": [1, "é"]}',
            out,
        ],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
    )

    assert json.loads(out.read_text()) == {"a": [1, "é"]}
    answer = json.loads(run.stdout)
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "REPORT RequestId" in base64.b64decode(answer["LogResult"]).decode()


def test_an_instance_is_used_again(client):
    first, _ = invoke(client, "alone", {})
    second, _ = invoke(client, "alone", {})
    assert second["served"] == first["served"] + 1
    assert second["pid"] == first["pid"]


def test_the_context_has_every_field(client):
    client_context = base64.b64encode(
        json.dumps({"custom": {"who": "me"}, "client": {}, "env": {}}).encode()
    ).decode()
    context, answer = invoke(client, "orders", {"order": "context"}, ClientContext=client_context)
    assert context["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert context["arn"] == f"arn:aws:lambda:{REGION}:000000000000:function:orders"
    assert (context["name"], context["version"]) == ("orders", "$LATEST")
    assert context["memory"] == "256"
    assert context["group"] == "/aws/lambda/orders"
    assert "[$LATEST]" in context["stream"]
    assert 0 < context["left"] <= 20_000
    assert context["trace"].startswith("Root=1-")
    assert context["custom"] == {"who": "me"}


def test_the_environment_has_the_variables_of_lambda_only(client):
    environment, _ = invoke(client, "orders", {"order": "environment"})
    assert environment["OWN"] == "variable"
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == "orders"
    assert environment["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert environment["LAMBDA_TASK_ROOT"] == str(HERE)
    assert environment["TZ"] == "UTC"
    assert "HOME" not in environment and "PYTEST_CURRENT_TEST" not in environment


def test_an_exception_is_an_unhandled_error_with_its_trace(client):
    error, answer = invoke(client, "orders", {"order": "throw", "message": 'on "purpose"'})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", 'on "purpose"')
    assert any("handlers.py" in line for line in error["stackTrace"])


def test_a_process_that_exits_is_reported_and_replaced(client):
    error, answer = invoke(client, "alone", {"order": "exit", "code": 3})
    assert answer["FunctionError"] == "Unhandled"
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert error == {
        "errorType": "Runtime.ExitError",
        "errorMessage": f"RequestId: {request_id} Error: Runtime exited with error: exit status 3",
    }
    assert invoke(client, "alone", {})[0]["served"] == 1


def test_the_time_limit_is_reported(client):
    error, answer = invoke(client, "hasty", {"order": "sleep", "seconds": 60}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    log = base64.b64decode(answer["LogResult"]).decode()
    assert "Task timed out after 1.00 seconds" in log


def test_a_missing_module_is_an_init_error(client):
    error, answer = invoke(client, "missing", {})
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "no_such_module" in error["errorMessage"]


def test_the_log_tail_shows_one_invocation(client):
    _, answer = invoke(client, "orders", {"order": "print", "text": "seen here"}, LogType="Tail")
    lines = base64.b64decode(answer["LogResult"]).decode().splitlines()
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert lines[0] == f"START RequestId: {request_id} Version: $LATEST"
    assert "seen here" in lines
    assert lines[-2] == f"END RequestId: {request_id}"
    assert lines[-1].startswith(f"REPORT RequestId: {request_id}\tDuration: ")
    for part in ("Billed Duration: ", "Memory Size: 256 MB", "Max Memory Used: "):
        assert part in lines[-1]


def test_events_and_responses_are_limited_to_six_megabytes(client):
    fits, _ = invoke(client, "echo", "x" * ((6 << 20) - 2))
    assert len(fits) == (6 << 20) - 2
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        invoke(client, "echo", "x" * (6 << 20))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"
    error, answer = invoke(client, "orders", {"order": "large", "bytes": (6 << 20) + 101})
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_dry_run_calls_nothing(client, tmp_path):
    path = tmp_path / "ran"
    answer = client.invoke(
        FunctionName="orders",
        InvocationType="DryRun",
        Payload=json.dumps({"order": "append", "path": str(path)}),
    )
    assert answer["StatusCode"] == 204
    assert not path.exists()


def test_an_unknown_function_is_named(client):
    with pytest.raises(client.exceptions.ResourceNotFoundException) as refused:
        client.invoke(FunctionName="absent")
    assert "function:absent" in str(refused.value)


def test_a_busy_function_throttles_with_retry_after(client, tmp_path):
    path = tmp_path / "go"
    with concurrent.futures.ThreadPoolExecutor() as pool:
        pid = invoke(client, "alone", {})[0]["pid"]
        waiting = pool.submit(
            invoke_until_taken, client, "alone", {"order": "wait-for", "path": str(path)}
        )
        try:
            reason, retry_after = wait_until("a throttled call", lambda: throttled(client))
            assert reason == "ReservedFunctionConcurrentInvocationLimitExceeded"
            assert retry_after == "1"
        finally:
            path.touch()
        assert waiting.result()[0]["pid"] == pid


def throttled(client):
    """(reason, retry-after) of a throttled call, or None."""
    try:
        client.invoke(FunctionName="alone")
    except client.exceptions.TooManyRequestsException as error:
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
        return error.response["Reason"], headers["retry-after"]
    return None


def test_functions_are_listed_and_described(client):
    names = [entry["FunctionName"] for entry in client.list_functions()["Functions"]]
    assert names[:3] == ["echo", "orders", "given-up"]
    found = client.get_function(FunctionName="hasty")["Configuration"]
    assert (found["Timeout"], found["MemorySize"], found["State"]) == (1, 256, "Active")
    assert client.get_function_configuration(FunctionName="hasty")["Handler"] == "handlers.orders"


def test_a_whole_response_is_a_stream_of_one_piece(client):
    answer = client.invoke_with_response_stream(
        FunctionName="echo", Payload=b'{"a":1}', LogType="Tail"
    )
    events = list(answer["EventStream"])
    assert json.loads(events[0]["PayloadChunk"]["Payload"]) == {"a": 1}
    assert "ErrorCode" not in events[-1]["InvokeComplete"]
    assert b"REPORT" in base64.b64decode(events[-1]["InvokeComplete"]["LogResult"])


# Asynchronous invocations


def test_an_event_is_run_once_and_its_response_dropped(client, tmp_path):
    path = tmp_path / "ran"
    answer = client.invoke(
        FunctionName="orders",
        InvocationType="Event",
        Payload=json.dumps({"order": "append", "path": str(path)}),
    )
    assert answer["StatusCode"] == 202
    lines = wait_until("the invocation", lambda: path.exists() and path.read_text().splitlines())
    assert lines == [answer["ResponseMetadata"]["RequestId"]]


def test_a_failed_event_is_retried_and_then_sent_to_its_destination(
    emulator, client, records, tmp_path
):
    path = tmp_path / "ran"
    event = {"order": "append", "path": str(path), "fail": True}
    answer = client.invoke(FunctionName="orders", InvocationType="Event", Payload=json.dumps(event))
    request_id = answer["ResponseMetadata"]["RequestId"]
    record = wait_until(
        "the record of the failure",
        lambda: (
            next(
                (
                    found
                    for found in map(json.loads, records.read_text().splitlines())
                    if found["requestContext"]["requestId"] == request_id
                ),
                None,
            )
            if records.exists()
            else None
        ),
    )

    assert path.read_text().splitlines() == [request_id] * 3
    assert record["version"] == "1.0"
    assert record["requestContext"] == {
        "requestId": request_id,
        "functionArn": f"arn:aws:lambda:{REGION}:000000000000:function:orders:$LATEST",
        "condition": "RetriesExhausted",
        "approximateInvokeCount": 3,
    }
    assert record["requestPayload"] == event
    assert record["responseContext"] == {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled",
    }
    assert record["responsePayload"]["errorMessage"] == "asked to fail"
    letters = conftest.http("GET", emulator.api + "/console/api/queue").json()["deadLetters"]
    assert [letter["attempts"] for letter in letters if letter["requestId"] == request_id] == [3]


def test_an_event_above_one_megabyte_is_refused(client):
    with pytest.raises(botocore.exceptions.ClientError) as refused:
        client.invoke(
            FunctionName="echo", InvocationType="Event", Payload=json.dumps("x" * (1 << 20))
        )
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413
