"""Handlers for AWS's own Runtime Interface Client for Python."""

import base64
import json
import os
import sys
import time

served = 0


def echo(event, context):
    return event


def orders(event, context):
    """Behaves as the event requests."""
    global served
    served += 1
    order = event.get("order")
    if order == "throw":
        raise ValueError(event["message"])
    if order == "exit":
        sys.stdout.flush()
        os._exit(event["code"])
    if order == "sleep":
        time.sleep(event["seconds"])
    if order == "print":
        print(event["text"])
    if order == "large":
        return "x" * (event["bytes"] - 2)
    if order == "wait-for":
        while not os.path.exists(event["path"]):
            time.sleep(0.005)
    if order == "append":
        with open(event["path"], "a") as file:
            file.write(context.aws_request_id + "\n")
        if event.get("fail"):
            raise RuntimeError("asked to fail")
    if order == "environment":
        return dict(os.environ)
    if order == "context":
        client = context.client_context
        return {
            "requestId": context.aws_request_id,
            "arn": context.invoked_function_arn,
            "name": context.function_name,
            "version": context.function_version,
            "memory": context.memory_limit_in_mb,
            "group": context.log_group_name,
            "stream": context.log_stream_name,
            "left": context.get_remaining_time_in_millis(),
            "trace": os.environ.get("_X_AMZN_TRACE_ID"),
            "custom": client.custom if client else None,
        }
    if order == "take-memory":
        block = bytearray(event["megabytes"] << 20)
        for offset in range(0, len(block), 4096):
            block[offset] = 1
        time.sleep(30)
    if order == "write-file":
        with open(event["path"], "wb") as file:
            for _ in range(event["megabytes"]):
                file.write(b"x" * (1 << 20))
        return sorted(os.listdir(os.path.dirname(event["path"])))
    return {"served": served, "pid": os.getpid()}


def on_failure(event, context):
    """Writes the records of failed invocations to a file."""
    with open(os.environ["RECORD_FILE"], "a") as file:
        file.write(json.dumps(event) + "\n")


def url(event, context):
    """Answers a function URL: the request, a cookie, and bytes that are not text."""
    if event["rawPath"] == "/plain":
        return {"hello": "world"}
    if event["rawPath"] == "/picture":
        return {
            "statusCode": 201,
            "isBase64Encoded": True,
            "headers": {"Content-Type": "image/x-test"},
            "body": base64.b64encode(bytes(range(256))).decode(),
        }
    if event["rawPath"] == "/nonsense":
        return {"statusCode": "many"}
    return {
        "statusCode": 200,
        "cookies": ["a=1; Path=/", "b=2"],
        "headers": {"Access-Control-Allow-Origin": "https://wrong.example"},
        "body": json.dumps(event),
    }
