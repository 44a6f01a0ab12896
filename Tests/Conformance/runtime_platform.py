"""The Lambda Runtime API, scripted by a test, byte by byte.

The server passes raw requests to the test and sends the test's bytes, so that
no HTTP library repairs or refuses them.
"""

import json
import os
import pathlib
import queue
import signal
import socket
import subprocess
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SPOOL_BIN", ROOT / ".build/debug"))
# Seconds until a wait fails; no step takes more than a second.
PATIENCE = 30


class Request:
    """One request as received: method, path, headers, body, trailers."""

    def __init__(self, stream):
        line = stream.readline()
        if not line:
            raise EOFError("the connection was closed")
        self.method, self.path, self.version = line.decode().rstrip("\r\n").split(" ")
        self.headers = self.fields(stream)
        self.chunks, self.trailers = None, {}
        if self.headers.get("transfer-encoding") == "chunked":
            self.chunks = list(self.read_chunks(stream))
            self.trailers = self.fields(stream)
            self.body = b"".join(self.chunks)
        else:
            self.body = stream.read(int(self.headers.get("content-length", 0)))

    @staticmethod
    def fields(stream):
        found = {}
        while (line := stream.readline()) not in (b"\r\n", b""):
            name, value = line.decode("latin-1").rstrip("\r\n").split(":", 1)
            assert name.lower() not in found, f"{name} is a duplicate"
            found[name.lower()] = value.strip()
        return found

    @staticmethod
    def read_chunks(stream):
        while size := int(stream.readline(), 16):
            yield stream.read(size)
            assert stream.readline() == b"\r\n"

    @property
    def what(self):
        return f"{self.method} {self.path}"

    def json(self):
        return json.loads(self.body)


class Connection:
    """One connection of the function, with its requests."""

    def __init__(self, accepted):
        self.socket = accepted
        self.socket.settimeout(PATIENCE)
        self.stream = accepted.makefile("rb")

    def request(self):
        return Request(self.stream)

    def send(self, text):
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def answer(self, status=202, body=b"{}", headers=""):
        self.send(
            f"HTTP/1.1 {status} X\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body
        )

    def event(self, body=b"{}", request_id="r-1", headers=""):
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer(
            200,
            body,
            f"Lambda-Runtime-Aws-Request-Id: {request_id}\r\n"
            "Lambda-Runtime-Deadline-Ms: 4102444800000\r\n" + headers,
        )

    def close(self):
        # Both, or the stream keeps the descriptor open.
        self.stream.close()
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()


class Platform:
    """Listens, starts the function as Lambda does, and keeps its log."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.process, self.lines, self.open = None, queue.Queue(), []

    def start(self, handler="echo", **environment):
        """Starts `bootstrap`, or the program of the echo function (Tests/EchoFunction)."""
        host, port = self.listener.getsockname()
        self.process = subprocess.Popen(
            [BIN / ("echo-function" if handler == "echo" else "bootstrap")],
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            env={
                "AWS_LAMBDA_RUNTIME_API": f"{host}:{port}",
                "_HANDLER": handler,
                "AWS_LAMBDA_FUNCTION_NAME": "echo-1",
                "AWS_REGION": "eu-central-1",
                "PATH": "/usr/bin:/bin",
            }
            | environment,
        )
        self.reader = threading.Thread(target=self.read_lines, daemon=True)
        self.reader.start()
        return self

    def read_lines(self):
        for line in self.process.stderr:
            self.lines.put(line.decode())

    def accept(self):
        connection = Connection(self.listener.accept()[0])
        self.open.append(connection)
        return connection

    def first(self):
        """The first connection, after its `next`."""
        connection = self.accept()
        assert connection.request().what == NEXT
        return connection

    def log(self):
        """The next line of the log."""
        return json.loads(self.lines.get(timeout=PATIENCE))

    def log_of(self, message):
        while (line := self.log())["message"] != message:
            pass
        return line

    def all_lines(self):
        """The whole log, after the end of the process."""
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        return [self.lines.get_nowait() for _ in range(self.lines.qsize())]

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self):
        return self.process.wait(PATIENCE)

    def close(self):
        if self.process:
            self.process.kill()
            self.process.wait(PATIENCE)
            self.reader.join(PATIENCE)
            self.process.stderr.close()
        for connection in self.open:
            connection.close()
        self.listener.close()


BASE = "/2018-06-01/runtime"
NEXT = f"GET {BASE}/invocation/next"


def response(request_id="r-1"):
    return f"POST {BASE}/invocation/{request_id}/response"


def error(request_id="r-1"):
    return f"POST {BASE}/invocation/{request_id}/error"
