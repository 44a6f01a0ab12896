"""The body of a function URL's event."""

import base64


def text_of(event):
    """The body as text; a platform passes all but a few media types as base64."""
    body = event["body"]
    return base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
