"""Requests of a front end's own client, recorded by the emulator and kept in events/."""

import base64
import json
import os
import re

from emulator_process import ROOT

KEPT_HEADERS = ("authorization", "content-type", "if-match", "origin", "x-spool-body")
ID = "1795176000000_" + "a" * 20
UUID = "00000000-0000-4000-8000-000000000000"


def steady(value):
    """A request's part without IDs, times and secrets, which differ in each run."""
    text = re.sub(r"\b(prj|ann|local|batch|job)_\d{13}_[a-z0-9]{20}", rf"\1_{ID}", value)
    # The encoder's version decides sizes and ETags.
    text = re.sub(r"\"(size|bytes)\":\d+", r'"\1":640441', text)
    text = re.sub(r"\"\d{13}-[0-9a-f]{32}\"", '"1795176000000-ETAG"', text)
    text = re.sub(r"\"etag\":\"(\\\"|)[0-9a-f-]{32,}(\\\"|)\"", '"etag":"ETAG"', text)
    text = re.sub(r"\bBearer [A-Za-z0-9_.=-]{20,}", "Bearer SESSION", text)
    text = re.sub(r"FormBoundary[A-Za-z0-9]+", "FormBoundary7MA4YWxkTrZu0gW", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f-]{21}", UUID, text)
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:3000", text)


def unsigned(headers, body):
    """A request without what signs a caller in, which recordings do not have."""
    if "authorization" in headers:
        headers = headers | {"authorization": "[removed]"}
    if '"password"' in body:
        body = json.dumps(json.loads(body) | {"password": "[removed]"}, sort_keys=True)
    return headers, body


def recorded(folder, samples):
    """The first request of each sample in a recording, by name.

    samples: name in events/ to method, path and, where two requests share those, x-spool-body.
    """
    found = {}
    for file in sorted(folder.iterdir()):
        event = json.loads(file.read_text())["event"]
        if "requestContext" not in event:
            continue
        http = event["requestContext"]["http"]
        headers = {k: steady(v) for k, v in event["headers"].items() if k in KEPT_HEADERS}
        seen = (http["method"], steady(event["rawPath"]), headers.get("x-spool-body"))
        for name, (method, path, *phase) in samples.items():
            if seen == (method, path, *(phase or [None])) and name not in found:
                query = steady(event.get("rawQueryString", ""))
                body = event.get("body", "")
                if event["isBase64Encoded"]:
                    body = base64.b64decode(body).decode()
                headers, body = unsigned(headers, steady(body))
                found[name] = {"headers": headers, "query": query, "body": body}
    return found


def kept(name):
    event = json.loads((ROOT / f"events/{name}.json").read_text())
    headers = {k: v for k, v in event["headers"].items() if k in KEPT_HEADERS}
    headers, body = unsigned(headers, event.get("body", ""))
    return {"headers": headers, "query": event["rawQueryString"], "body": body}


def keep(name, request, method, path, *_):
    """Writes a sample."""
    event = json.loads((ROOT / "events/job-status.list.json").read_text())
    event["rawPath"], event["rawQueryString"] = path, request["query"]
    if request["query"]:
        pairs = [pair.split("=", 1) for pair in request["query"].split("&")]
        event["queryStringParameters"] = dict(pairs)
    event["headers"] = {"host": "127.0.0.1:8080"} | request["headers"]
    event["requestContext"]["http"] |= {"method": method, "path": path}
    if request["body"]:
        event["body"] = request["body"]
    if match := re.match(r"/api/(projects|jobs)/([^/]+)", path):
        event["pathParameters"] = {"id" if match[1] == "projects" else "jobId": match[2]}
    (ROOT / f"events/{name}.json").write_text(json.dumps(event, indent=2) + "\n")


def check(folder, samples):
    """Asserts that the client sends what is kept; SPOOL_KEEP_EVENTS=1 keeps what it sends."""
    requests = recorded(folder, samples)
    assert set(requests) == set(samples)
    for name, request in requests.items():
        if os.environ.get("SPOOL_KEEP_EVENTS"):
            keep(name, request, *samples[name])
        assert request == kept(name), name
