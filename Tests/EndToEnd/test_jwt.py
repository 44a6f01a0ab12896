"""Tokens of an identity service, whose keys a real server publishes."""

import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from conftest import single
from emulator_process import BIN, ROOT, Emulator, http

ISSUER = "https://issuer.example"


class Issuer:
    """Publishes a key set, and counts how often it was fetched."""

    def __init__(self):
        self.keys, self.fetches = [], 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.fetches += 1
                body = json.dumps(KeySet(issuer.keys).as_dict(private=False)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def token(self, key, algorithm, **claims):
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": "spool", "sub": "ann", "exp": now + 600} | claims
        return jwt.encode({"alg": algorithm, "kid": key.kid}, claims, key, [algorithm])


@pytest.fixture(scope="module")
def issuer():
    running = Issuer()
    running.rsa = RSAKey.generate_key(2048, {"kid": "one"})
    running.curve = ECKey.generate_key("P-256", {"kid": "two"})
    running.edwards = OKPKey.generate_key("Ed25519", {"kid": "three"})
    running.keys = [running.rsa, running.curve, running.edwards]
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.fixture(scope="module")
def deployment(tmp_path_factory, issuer):
    """Accepts tokens of the issuer and one static token."""
    running = Emulator(
        tmp_path_factory.mktemp("jwt") / "data",
        SPOOL_AUTH="tokens,jwt",
        SPOOL_TOKENS="secret=bob",
        SPOOL_JWT_JWKS_URL=issuer.url,
        SPOOL_JWT_ISSUER=ISSUER,
        SPOOL_JWT_AUDIENCE="spool",
        SPOOL_AUTH_ALLOW="127.0.0.1",
    ).start()
    yield running
    assert running.stop() == 0


def test_an_export_by_a_token_of_an_identity_service(deployment, issuer, media, tmp_path):
    token = issuer.token(issuer.rsa, "RS256")
    asset = deployment.upload(media / "a.mp4", token=token)
    job = deployment.start_export(single(asset, 1), token)
    # Another key, another algorithm, the same subject: the same owner.
    status = deployment.wait(job, token=issuer.token(issuer.edwards, "EdDSA"))
    assert status["state"] == "completed"
    deployment.download(status, tmp_path / "out.mp4")
    other = issuer.token(issuer.curve, "ES256", sub="auth0|5F")
    assert deployment.call("GET", f"/api/export/{job}/status", token=other).status == 403
    assert deployment.call("GET", "/api/exports", token="secret").json()["exports"] == []


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"exp": 1}, "expired"),
        ({"nbf": int(time.time()) + 3600}, "not valid yet"),
        ({"iss": "https://other.example"}, "another issuer"),
        ({"aud": "other"}, "another audience"),
        ({"sub": ""}, "does not name its owner"),
        ({"padding": "x" * 9000}, "longer than"),
    ],
)
def test_a_token_that_violates_a_rule_is_401_with_the_rule(deployment, issuer, claims, reason):
    token = issuer.token(issuer.rsa, "RS256", **claims)
    answer = deployment.call("GET", "/api/exports", token=token)
    assert answer.status == 401, answer.body
    assert reason in answer.json()["detail"]
    assert answer.headers["WWW-Authenticate"].startswith('Bearer error="invalid_token"')


def test_invented_keys_do_not_make_the_issuer_busy(deployment, issuer):
    """Each instance fetches the key set at most once a minute for unknown keys."""
    deployment.call("GET", "/api/exports", token=issuer.token(issuer.rsa, "RS256"))
    before = issuer.fetches
    forged = ECKey.generate_key("P-256", {"kid": "forged"})
    for _ in range(30):
        answer = deployment.call("GET", "/api/exports", token=issuer.token(forged, "ES256"))
        assert answer.status == 401
    assert issuer.fetches <= before + 4  # One for each instance of the function.


def test_keys_at_a_private_address_are_not_fetched(tmp_path, issuer):
    """Without SPOOL_AUTH_ALLOW the address guard of the webhooks applies."""
    emulator = Emulator(
        tmp_path / "data",
        SPOOL_AUTH="jwt",
        SPOOL_JWT_JWKS_URL=issuer.url,
        SPOOL_JWT_ISSUER=ISSUER,
        SPOOL_JWT_AUDIENCE="spool",
    ).start()
    fetches = issuer.fetches
    answer = emulator.call("GET", "/api/exports", token=issuer.token(issuer.rsa, "RS256"))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert issuer.fetches == fetches
    assert emulator.stop() == 0


@pytest.mark.parametrize(
    ("settings", "fault"),
    [
        ({"SPOOL_AUTH": "jwt"}, "SPOOL_AUTH has jwt, which needs"),
        ({"SPOOL_AUTH": "basic"}, "SPOOL_AUTH has basic; the modes are"),
        ({"SPOOL_AUTH": "none", "SPOOL_TOKENS": "a=b"}, "SPOOL_AUTH is none, but"),
        ({"SPOOL_AUTH": "jwt", "SPOOL_JWT_SECRET": "short"}, "fewer than 32 bytes"),
        ({"SPOOL_JWT_JWKS_URL": "https://a.example/keys"}, "needs SPOOL_JWT_ISSUER"),
        ({"SPOOL_JWT_JWKS_URL": "file:///etc/passwd"}, "must be an http or https URL"),
        ({"SPOOL_JWT_PUBLIC_KEY": "/etc/hostname"}, "is no PEM of"),
    ],
)
def test_a_wrong_setting_is_named(settings, fault):
    """bootstrap posts the fault as its init error and writes it to the log."""
    reports = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            reports.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
        "_HANDLER": "job-status",
        "SPOOL_BUCKET": "b",
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
    }
    subprocess.run(
        [BIN / "bootstrap"],
        env=environment | settings,
        capture_output=True,
        check=False,
        timeout=30,
        cwd=ROOT,
    )
    server.shutdown()
    server.server_close()
    assert any(fault in report for report in reports), reports
    for report in reports:
        assert "short" not in report.replace("shorter", "")


def test_without_authorization_the_log_says_so(shared):
    http("GET", f"{shared.api}/api/exports")
    assert any("Authorization is off" in r.get("message", "") for r in shared.log_records())
