"""A runtime on a raw socket for the emulator's benchmarks: it records the start of each handler."""

import json
import os
import socket
import sys
import time

ROOT = "/2018-06-01/runtime/invocation/"


def main(log):
    host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
    api = socket.create_connection((host, int(port)))
    api.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    output = open(log, "a", buffering=1)

    def send(method, path, body=b""):
        api.sendall(
            f"{method} {ROOT}{path} HTTP/1.1\r\nHost: x\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        data = b""
        while b"\r\n\r\n" not in data:
            data += api.recv(65536)
        started = time.time()
        head, _, rest = data.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
        while len(rest) < int(fields.get("content-length", 0)):
            rest += api.recv(65536)
        return started, fields, rest

    while True:
        started, fields, body = send("GET", "next")
        records = json.loads(body).get("Records", [])
        for record in records:
            output.write(f"{record['s3']['object']['key']} {started}\n")
        send("POST", fields["lambda-runtime-aws-request-id"] + "/response", b"null")


main(sys.argv[1])
