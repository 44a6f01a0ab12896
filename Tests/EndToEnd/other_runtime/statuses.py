"""A function that answers with the status in its path."""


def status(event, _context):
    wanted = event["rawPath"].split("/")[-1]
    if wanted == "crash":
        raise RuntimeError("asked to crash")
    return {"statusCode": int(wanted or 200), "body": "{}"}
