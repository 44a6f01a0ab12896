"""An emulator with accounts and a real mail server, for tests."""

import base64
import email
import email.policy
import hashlib
import hmac
import re
import socket
import struct
import time

from aiosmtpd.controller import Controller

from emulator_process import ROOT, Emulator
from waiting import wait_until

PASSWORD = "a long password"
KEY = base64.b64encode(b"k" * 32).decode()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class Mailbox:
    def __init__(self):
        self.messages = []

    async def handle_DATA(self, server, session, envelope):
        self.messages.append(
            email.message_from_bytes(envelope.content, policy=email.policy.default)
        )
        return "250 OK"

    def to(self, address):
        return [message for message in self.messages if message["To"] == address]

    def token(self, address, count=1):
        """The token in the newest message to the address, once there are so many."""
        messages = wait_until(
            f"message {count} to {address}",
            lambda: len(self.to(address)) >= count and self.to(address),
        )
        text = messages[-1].get_body(("plain",)).get_content()
        return re.search(r"#\w+=(spool_stp_\w+)", text)[1]


class Accounts:
    """An emulator with accounts, and helpers that sign up and in."""

    def __init__(self, folder, **settings):
        self.mailbox, port = Mailbox(), free_port()
        self.controller = Controller(self.mailbox, hostname="127.0.0.1", port=port)
        self.controller.start()
        self.folder = folder
        self.emulator = Emulator(
            folder / "data",
            **{
                "SPOOL_AUTH": "tokens,accounts",
                "SPOOL_TOKENS": "static=machine",
                "SPOOL_DATABASE": f"sqlite:{folder}/accounts.sqlite",
                "SPOOL_ADMIN_TOKEN": "operator",
                "SPOOL_SECRET_KEY": KEY,
                "SPOOL_APP_URL": "http://localhost:3000/app",
                "SPOOL_ADMIN_EMAILS": "root@example.org",
                "SPOOL_SMTP_URL": f"smtp://127.0.0.1:{port}",
                "SPOOL_SMTP_TLS": "off",
                "SPOOL_MAIL_FROM": "spool@example.org",
                "SPOOL_MAIL_TEMPLATES": str(ROOT / "mail-templates"),
                "SPOOL_AUTH_ALLOW": "127.0.0.1",
            }
            | settings,
        ).start()

    def stop(self):
        assert self.emulator.stop() == 0
        self.controller.stop()

    def call(self, method, path, body=None, token=None):
        return self.emulator.call(method, path, body, token)

    def person(self, name):
        """A new account; its session's token."""
        address = f"{name}@example.org"
        body = {"email": address, "password": PASSWORD, "name": name}
        assert self.call("POST", "/api/auth/sign-up", body).status == 202
        token = self.mailbox.token(address)
        answer = self.call("POST", "/api/auth/verify-email", {"token": token})
        assert answer.status == 200, answer.body
        return self.sign_in(name).json()["token"]

    def sign_in(self, name, password=PASSWORD):
        body = {"email": f"{name}@example.org", "password": password}
        return self.call("POST", "/api/auth/sign-in", body)

    def me(self, token):
        return self.call("GET", "/api/users/me", token=token)


def totp(secret, offset=0):
    key = base64.b32decode(secret)
    step = int(time.time()) // 30 + offset
    digest = hmac.digest(key, struct.pack(">Q", step), hashlib.sha1)
    start = digest[19] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
