"""Functions of AWS's Runtime Interface Client, and boto3 on the emulator's Lambda."""

import json
import pathlib
import sys

import boto3
import botocore.config

import conftest
from waiting import wait_until

HERE = pathlib.Path(__file__).parent / "other_runtime"
REGION = "us-east-1"


def client_of(emulator, **settings):
    return boto3.client(
        "lambda",
        endpoint_url=emulator.api,
        region_name=REGION,
        **emulator.keys,
        config=botocore.config.Config(retries={"total_max_attempts": 1}, **settings),
    )


def function(name, handler, **settings):
    """A function of the Runtime Interface Client in an entry of functions.json."""
    return {
        "name": name,
        "handler": handler,
        "taskRoot": str(HERE),
        "command": [sys.executable, "-m", "awslambdaric", handler],
        "timeoutSeconds": 20,
        "memoryMegabytes": 256,
    } | settings


def sees(folder):
    """An environment that names a folder, which instances then see below the machine's /tmp."""
    return {"TEST_FOLDER": str(folder)}


def start(folder, functions, *arguments, **environment):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    catalog = folder / "functions.json"
    catalog.write_text(json.dumps({"version": 1, "functions": functions}))
    return conftest.Emulator(
        folder / "data", functions=catalog, arguments=arguments, **environment
    ).start()


def invoke(client, name, event, **settings):
    """The response's document, and the response."""
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **settings)
    text = answer["Payload"].read()
    return json.loads(text) if text else None, answer


def invoke_until_taken(client, name, event):
    """Invokes the function again while its concurrency is used up."""

    def attempt():
        try:
            return invoke(client, name, event)
        except client.exceptions.TooManyRequestsException:
            return None

    return wait_until(f"a free instance of {name}", attempt)
