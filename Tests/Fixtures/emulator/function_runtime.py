"""A runtime that is not ours: it serves the Runtime API and does name each event orders."""

import contextlib
import http.client
import json
import os
import signal
import sys
import time

mode = os.environ["_HANDLER"]
api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
root = "/2018-06-01/runtime/"


def post(path, body, headers=None):
    api.request("POST", root + path, body, headers or {})
    answer = api.getresponse()
    return answer.status, json.loads(answer.read())


if mode == "init-error":
    post("init/error", json.dumps({"errorType": "Runtime.BadConfig", "errorMessage": "no"}))
    sys.exit(1)
if mode == "init-exit":
    sys.exit(7)
if mode == "init-hang":
    time.sleep(1000)
served = 0
while True:
    api.request("GET", root + "invocation/next")
    answer = api.getresponse()
    body = answer.read()
    request_id = answer.headers["Lambda-Runtime-Aws-Request-Id"]
    served += 1
    try:
        event = json.loads(body)
    except ValueError:
        event = {}
    order = event if "order" in event else json.loads(event["body"]) if "body" in event else {}
    name = order.get("order", "echo")
    print("serving", name, flush=True)
    if name == "exit":
        os._exit(order["code"])
    if name == "sleep":
        time.sleep(order["seconds"])
    if name == "wait-for":
        while not os.path.exists(order["path"]):
            time.sleep(0.002)
    if name == "orphan":
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(1000)
        open(order["path"], "w").write(str(child))
        time.sleep(1000)
    if name == "fail-until":
        count = 0
        with contextlib.suppress(OSError):
            count = int(open(order["path"]).read())
        open(order["path"], "w").write(str(count + 1))
        if count < order["count"]:
            name = "throw"
    if name == "throw":
        post(
            "invocation/" + request_id + "/error",
            json.dumps({"errorType": "Function.Broken", "errorMessage": "as ordered"}),
            {"Lambda-Runtime-Function-Error-Type": "Function.Broken"},
        )
        continue
    reply = body
    if name == "environment":
        reply = json.dumps(dict(os.environ)).encode()
    if name == "reply":
        reply = json.dumps(order["reply"]).encode()
    if name == "served":
        reply = json.dumps({"served": served, "pid": os.getpid()}).encode()
    if name == "headers":
        reply = json.dumps({k.lower(): v for k, v in answer.headers.items()}).encode()
    if name == "large":
        reply = b'"' + b"x" * (order["bytes"] - 2) + b'"'
    if name == "protocol":
        reply = json.dumps(
            [
                post("invocation/other/response", "{}"),
                post(
                    "invocation/" + request_id + "/response",
                    "{}",
                    {"Lambda-Runtime-Function-Response-Mode": "other"},
                ),
                post("init/error", "{}"),
            ]
        ).encode()
    status, text = post("invocation/" + request_id + "/response", reply)
    if name == "large":
        print("large:", status, text["errorType"], flush=True)
    if name == "append":
        open(order["path"], "a").write(request_id + "\n")
    if event.get("Records"):
        key = event["Records"][0]["s3"]["object"]["key"]
        open(os.environ["EVENT_FILE"], "a").write(key + "\n")
