"""A function behind a route with streamed forms: grants, then reports what it received."""

import json
import os

from bodies import text_of

FORM_TYPE = "application/vnd.spool.form+json"
GRANT_TYPE = "application/vnd.spool.upload-grant+json"


def answer(status, document, content_type="application/json"):
    return {
        "statusCode": status,
        "headers": {"content-type": content_type},
        "body": json.dumps(document),
    }


def receive(event, _context):
    headers = event["headers"]
    state = headers.get("x-spool-body")
    if headers.get("authorization") == "Bearer wrong":
        return answer(401, {"error": "Invalid or expired token"})
    if state == "pending":
        assert not event.get("body"), "the grant is asked for without the body"
        grant = {
            "keys": [f"uploads/local/form/{number}/" for number in range(10)],
            "fileBytesMax": int(os.environ["FILE_BYTES_MAX"]),
            "fileCountMax": int(os.environ["FILE_COUNT_MAX"]),
            "fieldBytesMax": 65536,
            "contentTypes": ["video/*"],
        }
        return answer(200, grant, GRANT_TYPE)
    form = None
    if state == "stored" and headers["content-type"] == FORM_TYPE:
        form = json.loads(text_of(event))
    return answer(201, {"state": state, "type": headers.get("content-type"), "form": form})
