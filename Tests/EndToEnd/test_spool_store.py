"""`spool store`: the functions' own store client at the command line."""

import hashlib
import json
import os
import subprocess

import pytest

import conftest

MIB = 1 << 20


@pytest.fixture
def spool(shared):
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SPOOL_"))
    } | {
        "AWS_ENDPOINT_URL_S3": shared.s3,
        "AWS_ACCESS_KEY_ID": "spool",
        "AWS_SECRET_ACCESS_KEY": "spool-secret",
    }

    def run(*words, status=0, **more):
        done = subprocess.run(
            [conftest.BIN / "spool", "store", *map(str, words)],
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, done.stderr
        return done.stdout if status == 0 else done.stderr

    return run


@pytest.mark.parametrize("checksums", ["when_supported", "when_required"])
@pytest.mark.parametrize("size", [0, 5, 9 * MIB, 70 * MIB + 3])
def test_a_stored_file_is_read_unchanged(spool, tmp_path, size, checksums):
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(os.urandom(size))
    policy = {
        "AWS_REQUEST_CHECKSUM_CALCULATION": checksums,
        "AWS_RESPONSE_CHECKSUM_VALIDATION": checksums,
    }
    key = f"cli/ü {size}"
    assert spool("put", source, key, **policy) == f"{size}\t{key}\n"
    assert json.loads(spool("list", key, "--json"))["bytes"] == size
    spool("copy", key, key + "2", **policy)
    spool("get", key + "2", target, **policy)
    digests = {hashlib.sha256(path.read_bytes()).digest() for path in [source, target]}
    assert len(digests) == 1
    assert spool("delete", "cli/*").count("\n") == 2
    assert spool("list", "cli/") == ""


def test_a_wrong_key_is_reported_with_the_code_of_s3(spool, tmp_path):
    assert "SignatureDoesNotMatch" in spool("list", status=1, AWS_SECRET_ACCESS_KEY="wrong")
    assert "notFound" in spool("get", "cli/none", tmp_path / "x", status=1)
    assert not (tmp_path / "x").exists()
    assert "spool store put" in spool("put", "only one word", status=2)


def test_an_untrusted_certificate_is_refused(spool, tmp_path):
    """TLS is always verified; SSL_CERT_FILE can trust a certificate."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            key,
            "-out",
            certificate,
        ],
        check=True,
        capture_output=True,
    )
    server = subprocess.Popen(
        ["openssl", "s_server", "-accept", "0", "-www", "-key", key, "-cert", certificate],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        for line in server.stdout:
            if line.startswith("ACCEPT"):
                port = line.split(":")[-1].strip()
                break
        address = f"https://localhost:{port}"
        refused = spool("list", status=1, AWS_ENDPOINT_URL_S3=address)
        assert "invalidResponse" in refused and "peer" in refused.lower()
        # A trusted server that speaks HTTP but not S3.
        taken = spool("list", status=1, AWS_ENDPOINT_URL_S3=address, SSL_CERT_FILE=str(certificate))
        assert "The response lacks a required element" in taken
    finally:
        server.kill()
        server.wait(timeout=30)
