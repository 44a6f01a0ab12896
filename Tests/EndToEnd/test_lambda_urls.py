"""Function URLs of AWS's own runtime client for Python, open and signed."""

import base64
import json

import pytest

import conftest
from lambda_functions import REGION, function, start


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    running = start(
        tmp_path_factory.mktemp("urls"),
        [
            function(
                "site",
                "handlers.url",
                url={
                    "authType": "NONE",
                    "cors": {
                        "allowOrigins": ["https://shop.example"],
                        "allowMethods": ["GET", "POST"],
                        "allowHeaders": ["x-own"],
                        "exposeHeaders": ["x-shown"],
                        "allowCredentials": True,
                        "maxAge": 300,
                    },
                },
            ),
            function("locked", "handlers.url", url={"authType": "AWS_IAM"}),
        ],
    )
    yield running
    assert running.stop() == 0


def call(emulator, path, method="GET", body=None, headers=None):
    return conftest.http(method, f"{emulator.api}/fn/{path}", body, headers)


def test_a_request_becomes_a_payload_of_version_two(emulator):
    answer = call(
        emulator,
        "site/a%20b/c?x=1&x=2&y=%2B",
        "POST",
        b"text",
        {"Content-Type": "text/plain", "Cookie": "k=v; l=w", "X-Own": "1"},
    )
    event = json.loads(answer.body)
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert event["rawPath"] == "/a%20b/c"
    assert event["rawQueryString"] == "x=1&x=2&y=%2B"
    assert event["queryStringParameters"] == {"x": "1,2", "y": "+"}
    assert event["cookies"] == ["k=v", "l=w"]
    assert "cookie" not in event["headers"] and event["headers"]["x-own"] == "1"
    assert (event["body"], event["isBase64Encoded"]) == ("text", False)
    context = event["requestContext"]
    assert (context["http"]["method"], context["http"]["sourceIp"]) == ("POST", "127.0.0.1")
    assert (context["authorizer"], context["stage"]) == (None, "$default")


def test_cookies_and_binary_bodies_go_both_ways(emulator):
    answer = call(
        emulator, "site/", "POST", bytes(range(256)), {"Content-Type": "application/octet-stream"}
    )
    event = json.loads(answer.body)
    assert event["isBase64Encoded"] and base64.b64decode(event["body"]) == bytes(range(256))
    assert answer.headers.get_all("Set-Cookie") == ["a=1; Path=/", "b=2"]
    picture = call(emulator, "site/picture")
    assert (picture.status, picture.headers["Content-Type"]) == (201, "image/x-test")
    assert picture.body == bytes(range(256))


def test_a_result_without_a_status_is_the_body(emulator):
    answer = call(emulator, "site/plain")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.json() == {"hello": "world"}


def test_a_malformed_result_is_a_bad_gateway(emulator):
    assert call(emulator, "site/nonsense").status == 502


def test_a_urls_own_cors_settings_hold(emulator):
    asked = call(
        emulator,
        "site/",
        "OPTIONS",
        headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"},
    )
    assert asked.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    assert asked.headers["Access-Control-Allow-Methods"] == "GET,POST"
    assert asked.headers["Access-Control-Allow-Headers"] == "x-own"
    assert asked.headers["Access-Control-Allow-Credentials"] == "true"
    assert asked.headers["Access-Control-Max-Age"] == "300"
    answer = call(emulator, "site/", headers={"Origin": "https://shop.example"})
    assert answer.headers.get_all("Access-Control-Allow-Origin") == ["https://shop.example"]
    assert answer.headers["Access-Control-Expose-Headers"] == "x-shown"
    other = call(emulator, "site/", headers={"Origin": "https://other.example"})
    assert other.headers["Access-Control-Allow-Origin"] is None


def signed(method, url, body=b"", secret="spool-secret", service="lambda"):
    import botocore.awsrequest
    import botocore.credentials

    request = botocore.awsrequest.AWSRequest(method, url, data=body)
    botocore.auth.SigV4Auth(
        botocore.credentials.Credentials("spool", secret), service, REGION
    ).add_auth(request)
    prepared = request.prepare()
    return conftest.http(method, prepared.url, body or None, dict(prepared.headers))


def test_an_iam_url_accepts_signed_requests_only(emulator):
    url = f"{emulator.api}/fn/locked/a%20b?q=x%20y&r="
    good = signed("POST", url, b'{"a":1}')
    assert good.status == 200, good.body
    iam = json.loads(good.body)["requestContext"]["authorizer"]["iam"]
    assert iam["accessKey"] == "spool"
    assert call(emulator, "locked/").status == 403
    assert signed("POST", url, b"{}", secret="wrong").status == 403
    assert signed("POST", url, b"{}", service="s3").status == 403
