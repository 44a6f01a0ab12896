"""The sample events get the same answers however they come: by `spool invoke`, by the Invoke API
as boto3 speaks it, and, where they are HTTP requests, by the function's own URL."""
import base64
import json
import re

import boto3
import conftest
import pytest
from test_clients import spool

# download-all streams its answer: test_download_all.py.
EVENTS = [path for path in sorted((conftest.ROOT / "events").glob("*.json"))
          if not path.name.startswith("download-all.")]


def without_chance(text):
    """The answer without what is new each time: IDs, times, signatures."""
    for pattern, sign in [
            (r"(X-Amz-(?:Signature|Date|Credential)=)[^&\"\\]+", r"\1…"),
            (r"uploadId=[^&\"\\]+", "uploadId=…"), (r'"uploadId":"[^"]+"', '"uploadId":"…"'),
            (r"(job|local)_\d{13}_[a-z2-7]+", r"\1_…"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "…"),
            (r'("requestId":)"[^"]+"', r'\1"…"'), (r"127\.0\.0\.1:\d+", "HOST")]:
        text = re.sub(pattern, sign, text)
    return text


def answer(payload, is_http):
    """Status and body of an HTTP answer, or the whole document."""
    document = json.loads(payload)
    if not is_http:
        return without_chance(json.dumps(document, sort_keys=True))
    body = document.get("body", "")
    if document.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", "replace")
    return document["statusCode"], without_chance(body)


@pytest.mark.parametrize("path", EVENTS, ids=[path.stem for path in EVENTS])
def test_an_event_has_one_answer(shared, path):
    name, event = path.name.split(".")[0], json.loads(path.read_text())
    http = event.get("requestContext", {}).get("http")
    by_spool = answer(spool(shared, "invoke", name, "--event", path).stdout, http)
    client = boto3.client(
        "lambda", endpoint_url=shared.api, region_name="us-east-1", aws_access_key_id="spool",
        aws_secret_access_key="spool-secret")
    invoked = client.invoke(FunctionName=name, Payload=path.read_bytes())
    assert "FunctionError" not in invoked
    assert answer(invoked["Payload"].read(), http) == by_spool
    if not http:
        return
    body = event.get("body", "")
    body = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    query = event.get("rawQueryString", "")
    url = f"{shared.api}/fn/{name}{event['rawPath']}" + (f"?{query}" if query else "")
    headers = {key: value for key, value in event["headers"].items() if key != "host"}
    by_url = conftest.http(http["method"], url, body or None, headers)
    assert (by_url.status, without_chance(by_url.body.decode("utf-8", "replace"))) == by_spool
