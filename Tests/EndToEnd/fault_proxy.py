"""A proxy before the store that breaks requests: by chance, or as a test says."""

import contextlib
import json
import random
import socket
import struct
import threading
import time

# Kinds of faults of one request.
KINDS = [
    "500",
    "503",
    "reset-before",
    "reset-request",
    "reset-response",
    "lost-answer",
    "truncated",
    "stall",
    "slow",
]
STALL_SECONDS = 1.5


def answer(status, reason, code):
    body = f"<Error><Code>{code}</Code><Message>{reason}</Message></Error>"
    return (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/xml\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}"
    ).encode()


ERRORS = {
    "500": answer(500, "Internal Server Error", "InternalError"),
    "503": answer(503, "Slow Down", "SlowDown"),
}


def reset(connection):
    """Closes with RST instead of FIN."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


class FaultProxy:
    """Forwards each request on a connection of its own to `target`, `(host, port)`.

    `choose(method, path, head)` gives the fault of a request, or None.
    """

    def __init__(self, choose=lambda method, path, head: None):
        self.choose, self.target = choose, None
        self.counts, self.lock = {}, threading.Lock()
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def aim(self, url):
        host, port = url.rsplit("/", 1)[-1].split(":")
        self.target = (host, int(port))

    def stop(self):
        self.listener.close()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError, ValueError), contextlib.closing(connection):
            connection.settimeout(60)
            self.exchange(connection)

    def exchange(self, client):
        head, rest = read_head(client)
        if head is None:
            return None
        method, path = head.split(b" ", 2)[:2]
        kind = self.choose(method.decode(), path.decode(), head)
        with self.lock:
            self.requests += 1
            if kind:
                self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "reset-before":
            return reset(client)
        length = content_length(head)
        if kind in ERRORS:
            # Read first, so that the answer is not lost with the unread body.
            drain(client, length - len(rest))
            client.sendall(ERRORS[kind])
            return None
        if kind == "stall":
            time.sleep(STALL_SECONDS)
        with socket.create_connection(self.target, timeout=60) as store:
            lines = [
                line
                for line in head.rstrip(b"\r\n").split(b"\r\n")
                if not line.lower().startswith((b"connection:", b"expect:"))
            ]
            store.sendall(b"\r\n".join([*lines, b"Connection: close"]) + b"\r\n\r\n" + rest)
            if b"100-continue" in head.lower():
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            left = length - len(rest)
            if kind == "reset-request":
                pass_on(client, store, left // 2)
                return reset(client)
            pass_on(client, store, left)
            if kind == "lost-answer":
                # The store has done what was asked; nobody hears of it.
                drain(store, 1)
                return reset(client)
            return self.respond(client, store, kind)

    def respond(self, client, store, kind):
        head, rest = read_head(store)
        if head is None:
            return reset(client)
        if kind == "reset-response":
            client.sendall(head[: len(head) // 2])
            return reset(client)
        client.sendall(head)
        length = content_length(head)
        if kind == "truncated" and length > 1:
            cut = rest[: length // 2]
            client.sendall(cut)
            pass_on(store, client, length // 2 - len(cut))
            return None
        client.sendall(rest)
        left = length - len(rest) if length else 1 << 40
        if kind == "slow":
            for _ in range(20):
                if not pass_on(store, client, min(left, 2_000)):
                    break
                left -= 2_000
                time.sleep(0.05)
        pass_on(store, client, left)
        return None


def read_head(connection):
    """A message's head and the bytes behind it; None at the end of the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            return None, b""
        data += piece
    head, rest = data.split(b"\r\n\r\n", 1)
    return head + b"\r\n\r\n", rest


def content_length(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def pass_on(source, sink, count):
    """Forwards up to `count` bytes; returns how many."""
    done = 0
    while done < count:
        piece = source.recv(min(65_536, count - done))
        if not piece:
            break
        sink.sendall(piece)
        done += len(piece)
    return done


def drain(source, count):
    while count > 0:
        piece = source.recv(min(65_536, count))
        if not piece:
            return
        count -= len(piece)


class ChanceFaults:
    """Faults of a seeded rate; one in two is followed by another at the same path's next request.

    Two faults in a row are the case that one repetition does not mend.
    """

    def __init__(self, seed):
        self.random, self.lock = random.Random(seed), threading.Lock()
        self.rate, self.due, self.pairs = 0.0, {}, 0

    def choose(self, method, path, head):
        with self.lock:
            if not self.rate:
                return None
            name = path.split("?")[0]
            if kind := self.due.pop(name, None):
                self.pairs += 1
                return kind
            if self.random.random() >= self.rate:
                return None
            if self.random.random() < 0.5:
                self.due[name] = self.random.choice(KINDS)
            return self.random.choice(KINDS)

    def end(self):
        with self.lock:
            self.rate, self.due = 0.0, {}


def catalogue_through(proxy, functions, folder):
    """A copy of the catalogue whose functions reach the store through the proxy."""
    document = json.loads(functions.read_text())
    for function in document["functions"]:
        function.setdefault("environment", {})["AWS_ENDPOINT_URL_S3"] = proxy.url
    path = folder / "functions-through-proxy.json"
    path.write_text(json.dumps(document))
    return path
