#!/usr/bin/env python3
"""Writes tokens.json: keys made by openssl, and tokens signed with them, valid until 2096.

Run it in this folder with the tests' Python. Everything in it is public: no service uses the keys.
"""

import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

ISSUED, END = 1_700_000_000, 4_000_000_000
CLAIMS = {"iss": "https://issuer.example", "aud": "spool", "sub": "ann", "iat": ISSUED, "exp": END}
SECRET = b"a secret of at least thirty-two bytes"


def encode(data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def made(*arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "key.pem"
        command = ["openssl", "genpkey", *arguments, "-out", path]
        subprocess.run(command, check=True, capture_output=True)
        return serialization.load_pem_private_key(path.read_bytes(), None)


def integer(number, count=None):
    return encode(number.to_bytes(count or (number.bit_length() + 7) // 8))


def public_pem(key):
    kind = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, kind).decode()


def signed(header, claims, sign):
    text = f"{encode(header)}.{encode(claims)}"
    return f"{text}.{encode(sign(text.encode()))}"


def hs256(secret):
    return lambda message: hmac.new(secret, message, hashlib.sha256).digest()


rsa = made("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
short = made("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")
curve = made("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
other_curve = made("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1")
edwards = made("-algorithm", "ED25519")


def rs256(key):
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def es256(message):
    r, s = utils.decode_dss_signature(curve.sign(message, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def rsa_jwk(key, kid):
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "kid": kid,
        "use": "sig",
        "n": integer(numbers.n),
        "e": integer(numbers.e),
    }


point = curve.public_key().public_numbers()
raw = edwards.public_key().public_bytes_raw()
rsa_key = rsa_jwk(rsa, "rsa")
curve_key = {"kty": "EC", "crv": "P-256", "kid": "curve", "alg": "ES256"}
curve_key |= {"x": integer(point.x, 32), "y": integer(point.y, 32)}
off_curve = curve_key | {"kid": "off", "y": integer(point.y ^ 1, 32)}
edwards_key = {"kty": "OKP", "crv": "Ed25519", "kid": "edwards", "x": encode(raw)}
secret_key = {"kty": "oct", "kid": "secret", "k": encode(SECRET)}

good = {
    "RS256": signed({"alg": "RS256", "kid": "rsa", "typ": "JWT"}, CLAIMS, rs256(rsa)),
    "ES256": signed({"alg": "ES256", "kid": "curve"}, CLAIMS, es256),
    "EdDSA": signed({"alg": "EdDSA", "kid": "edwards"}, CLAIMS, edwards.sign),
}
head, body, mark = good["RS256"].split(".")
bob = encode(CLAIMS | {"sub": "bob"})
curve_head = {"alg": "ES256", "kid": "curve"}
attacks = {
    "none": [f"{encode({'alg': 'none'})}.{body}.", "algorithm"],
    "None in capitals": [f"{encode({'alg': 'NONE', 'kid': 'rsa'})}.{body}.", "algorithm"],
    "no algorithm": [f"{encode({'kid': 'rsa'})}.{body}.{mark}", "algorithm"],
    "public key as secret": [
        signed({"alg": "HS256", "kid": "rsa"}, CLAIMS, hs256(public_pem(rsa).encode())),
        "algorithm",
    ],
    "modulus as secret": [
        signed({"alg": "HS256", "kid": "rsa"}, CLAIMS, hs256(rsa_key["n"].encode())),
        "algorithm",
    ],
    "published secret": [
        signed({"alg": "HS256", "kid": "secret"}, CLAIMS, hs256(SECRET)),
        "unknownKey",
    ],
    "HMAC without key ID": [signed({"alg": "HS256"}, CLAIMS, hs256(b"")), "algorithm"],
    "another key of the set": [
        signed({"alg": "RS256", "kid": "curve"}, CLAIMS, rs256(rsa)),
        "algorithm",
    ],
    "unknown key ID": [signed({"alg": "RS256", "kid": "gone"}, CLAIMS, rs256(rsa)), "unknownKey"],
    "path as key ID": [signed({"alg": "RS256", "kid": "../rsa"}, CLAIMS, rs256(rsa)), "unknownKey"],
    "number as key ID": [signed({"alg": "RS256", "kid": 1}, CLAIMS, rs256(rsa)), "malformed"],
    "key in the header": [
        signed({"alg": "RS256", "kid": "own", "jwk": rsa_jwk(short, "own")}, CLAIMS, rs256(short)),
        "unknownKey",
    ],
    "short key": [signed({"alg": "RS256", "kid": "short"}, CLAIMS, rs256(short)), "unknownKey"],
    "key off the curve": [signed({"alg": "ES256", "kid": "off"}, CLAIMS, es256), "unknownKey"],
    "another subject": [f"{head}.{bob}.{mark}", "signature"],
    "another header": [f"{encode({'alg': 'RS256', 'kid': 'rsa'})}.{body}.{mark}", "signature"],
    "empty signature": [f"{head}.{body}.", "signature"],
    "signature in DER": [
        signed(curve_head, CLAIMS, lambda m: curve.sign(m, ec.ECDSA(hashes.SHA256()))),
        "signature",
    ],
    "zero signature": [signed(curve_head, CLAIMS, lambda _: bytes(64)), "signature"],
    "critical extension": [
        signed({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": False}, CLAIMS, rs256(rsa)),
        "malformed",
    ],
    "another type": [
        signed({"alg": "RS256", "kid": "rsa", "typ": "secevent+jwt"}, CLAIMS, rs256(rsa)),
        "malformed",
    ],
    "padding": [f"{head}=.{body}.{mark}", "malformed"],
    "line break": [f"{head}.{body}.{mark}\n", "malformed"],
    "claims are a list": [signed({"alg": "RS256", "kid": "rsa"}, [], rs256(rsa)), "malformed"],
    "huge": [
        signed({"alg": "RS256", "kid": "rsa"}, CLAIMS | {"x": "x" * 9000}, rs256(rsa)),
        "tooLarge",
    ],
    "no end": [
        signed({"alg": "RS256", "kid": "rsa"}, {"sub": "ann", "aud": "spool"}, rs256(rsa)),
        "endless",
    ],
    "end as text": [
        signed({"alg": "RS256", "kid": "rsa"}, CLAIMS | {"exp": "never"}, rs256(rsa)),
        "endless",
    ],
    "another issuer": [
        signed(
            {"alg": "RS256", "kid": "rsa"}, CLAIMS | {"iss": "https://issuer.example/"}, rs256(rsa)
        ),
        "issuer",
    ],
    "another audience": [
        signed({"alg": "RS256", "kid": "rsa"}, CLAIMS | {"aud": ["spool2"]}, rs256(rsa)),
        "audience",
    ],
    "no audience": [
        signed(
            {"alg": "RS256", "kid": "rsa"},
            {name: value for name, value in CLAIMS.items() if name != "aud"},
            rs256(rsa),
        ),
        "audience",
    ],
}
document = {
    "keySet": {
        "keys": [rsa_key, curve_key, edwards_key, secret_key, off_curve, rsa_jwk(short, "short")]
    },
    "secret": SECRET.decode(),
    "HS256": signed({"alg": "HS256", "typ": "JWT"}, CLAIMS, hs256(SECRET)),
    "pem": {"RS256": public_pem(rsa), "ES256": public_pem(curve), "EdDSA": public_pem(edwards)},
    "refusedPEM": {"short": public_pem(short), "secp256k1": public_pem(other_curve)},
    "good": good,
    "attacks": attacks,
}
pathlib.Path(__file__).with_name("tokens.json").write_text(json.dumps(document, indent=1) + "\n")
