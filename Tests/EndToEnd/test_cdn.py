"""Downloads through a CDN: botocore's CloudFrontSigner makes the same URLs, and they work."""

import base64
import datetime
import http.server
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

import conftest
import store_clients

KEY_PAIR = "K2JCJMDEHXQW5F"
HASHES = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}


def decoded(text):
    return base64.b64decode(text.replace("-", "+").replace("_", "=").replace("~", "/"))


def signature(key, message, algorithm):
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), algorithm)
    return key.sign(message, ec.ECDSA(algorithm))


def verify(key, signed, message, algorithm):
    if isinstance(key, rsa.RSAPrivateKey):
        key.public_key().verify(signed, message, padding.PKCS1v15(), algorithm)
    else:
        key.public_key().verify(signed, message, ec.ECDSA(algorithm))


class Edge:
    """A CDN in front of the store: checks signed URLs as CloudFront does, reads with its own."""

    def __init__(self):
        self.key, self.s3, self.seen = None, None, []
        edge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send(*edge.answer(self.path))

            def send(self, status, headers, body):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/media"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, target):
        self.seen.append(target)
        path, _, query = target.partition("?")
        fields = dict(urllib.parse.parse_qsl(query))
        if self.key and not self.permits(target):
            return 403, {}, b"denied"
        wanted = {"Bucket": "spool", "Key": urllib.parse.unquote(path.removeprefix("/media/"))}
        if "response-content-disposition" in fields:
            wanted["ResponseContentDisposition"] = fields["response-content-disposition"]
        found = self.s3.get_object(**wanted)
        headers = {"Content-Disposition": found.get("ContentDisposition", "inline")}
        return 200, headers, found["Body"].read()

    def permits(self, target):
        """The rules of CloudFront's developer guide, with this server's key."""
        path, _, query = target.partition("?")
        fields = dict(urllib.parse.parse_qsl(query))
        origin = self.url.removesuffix("/media")
        own = [
            part
            for part in query.split("&")
            if part.split("=")[0]
            not in ("Expires", "Policy", "Signature", "Key-Pair-Id", "Hash-Algorithm")
        ]
        url = origin + path + ("?" + "&".join(own) if own[0:1] and own[0] else "")
        if "Policy" in fields:
            statement = decoded(fields["Policy"])
            rule = json.loads(statement)["Statement"][0]
            resource, expires = rule["Resource"], rule["Condition"]["DateLessThan"]
            if not url.startswith(resource.removesuffix("*")):
                return False
            expires = expires["AWS:EpochTime"]
        else:
            expires = int(fields["Expires"])
            rule = {"Resource": url, "Condition": {"DateLessThan": {"AWS:EpochTime": expires}}}
            statement = json.dumps({"Statement": [rule]}, separators=(",", ":")).encode()
        algorithm = HASHES[fields.get("Hash-Algorithm", "SHA1").lower()]
        try:
            verify(self.key, decoded(fields["Signature"]), statement, algorithm)
        except InvalidSignature:
            return False
        return fields["Key-Pair-Id"] == KEY_PAIR and expires > time.time()


@pytest.fixture
def edge():
    edge = Edge()
    yield edge
    edge.server.shutdown()


def export(running, film):
    """The document of a finished export, and that of its asset."""
    asset = running.upload(film)
    document = running.call("POST", "/api/upload/complete", {"assetId": asset}).json()
    edit = conftest.single(asset, 1, size={"width": 64, "height": 36})
    return running.wait(running.start_export(edit)), document


def get(url):
    with urllib.request.urlopen(url) as answer:
        return answer.read(), answer.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("rsa", {}),
        ("rsa", {"SPOOL_CDN_HASH": "sha1"}),
        ("rsa", {"SPOOL_CDN_HASH": "sha1", "SPOOL_CDN_POLICY": "custom"}),
        ("ec", {}),
    ],
)
def test_signed_urls_are_those_of_cloudfront(tmp_path, media, edge, kind, settings):
    edge.key = (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        if kind == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    pem = tmp_path / "key.pem"
    pem.write_bytes(
        edge.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    running = conftest.Emulator(
        tmp_path / "data",
        SPOOL_CDN_URL=edge.url,
        SPOOL_CDN_KEY_FILE=str(pem),
        SPOOL_CDN_KEY_PAIR_ID=KEY_PAIR,
        **settings,
    ).start()
    try:
        edge.s3 = store_clients.s3_client(running)
        status, asset = export(running, media / "a.mp4")
        assert status["downloadUrl"].startswith(edge.url + "/exports/")
        film, disposition = get(status["downloadUrl"])
        assert len(film) == status["size"]
        assert disposition.startswith("attachment; filename=")
        assert get(asset["cloudUrl"])[0] == (media / "a.mp4").read_bytes()
        redirect = running.call("GET", f"/api/export/{status['jobId']}/download")
        assert redirect.headers["Location"].startswith(edge.url)

        url = status["downloadUrl"]
        fields = dict(urllib.parse.parse_qsl(url.partition("?")[2]))
        if kind == "rsa" and fields.get("Hash-Algorithm") is None:
            # The older algorithm is the one that every version of botocore knows.
            signer = CloudFrontSigner(
                KEY_PAIR, lambda message: signature(edge.key, message, hashes.SHA1())
            )
            plain = url.partition("&Policy=" if "Policy" in fields else "&Expires=")[0]
            if "Policy" in fields:
                policy = decoded(fields["Policy"]).decode()
                assert url == signer.generate_presigned_url(plain, policy=policy)
            else:
                date = time.gmtime(int(fields["Expires"]))
                moment = datetime.datetime(*date[:6])
                assert url == signer.generate_presigned_url(plain, date_less_than=moment)
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(url.replace("/output.mp4", "/result.json"))
    finally:
        assert running.stop() == 0


def test_a_public_cdn_has_plain_urls(tmp_path, media, edge):
    running = conftest.Emulator(tmp_path / "data", SPOOL_CDN_URL=edge.url + "/").start()
    try:
        edge.s3 = store_clients.s3_client(running)
        status, asset = export(running, media / "a.mp4")
        assert status["downloadUrl"].startswith(edge.url + "/exports/")
        assert "?" not in status["downloadUrl"] + asset["cloudUrl"]
        assert len(get(status["downloadUrl"])[0]) == status["size"]
        # Uploads and Spool's own reads stay with the store.
        assert not any("uploads/" in target for target in edge.seen[:-1])
    finally:
        assert running.stop() == 0


def test_a_wrong_key_is_an_error_at_the_start(tmp_path):
    (tmp_path / "key.pem").write_text("no key")
    running = conftest.Emulator(
        tmp_path / "data",
        SPOOL_CDN_URL="https://cdn.example.org",
        SPOOL_CDN_KEY_FILE=str(tmp_path / "key.pem"),
    ).start()
    try:
        assert running.call("GET", "/api/exports").status == 502
        faults = json.dumps(running.log_records())
        assert "is not an RSA or EC private key in PEM" in faults
        assert "SPOOL_CDN_KEY_FILE and SPOOL_CDN_KEY_PAIR_ID go together" in faults
    finally:
        running.stop()
