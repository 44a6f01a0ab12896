"""A runtime in plain Python that streams its responses as the Runtime API requires."""

import base64
import http.client
import json
import os
import socket

from bodies import text_of

ROOT = "/2018-06-01/runtime/invocation/"
PRELUDE = "application/vnd.awslambda.http-integration-response"


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Answer:
    """A chunked response on its own socket."""

    def __init__(self, request_id, content_type):
        host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.sendall(
            f"POST {ROOT}{request_id}/response HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Type: {content_type}\r\n"
            "Lambda-Runtime-Function-Response-Mode: streaming\r\n"
            "Transfer-Encoding: chunked\r\nConnection: close\r\n"
            "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n"
            "\r\n".encode()
        )

    def write(self, data):
        self.socket.sendall(chunk(data))

    def end(self, error=None):
        trailers = b""
        if error:
            body = base64.b64encode(json.dumps(error).encode())
            trailers = (
                b"Lambda-Runtime-Function-Error-Type: "
                + error["errorType"].encode()
                + b"\r\nLambda-Runtime-Function-Error-Body: "
                + body
                + b"\r\n"
            )
        self.socket.sendall(b"0\r\n" + trailers + b"\r\n")
        answer = b""
        while b"\r\n\r\n" not in answer:
            more = self.socket.recv(4096)
            if not more:
                break
            answer += more
        self.socket.close()
        return answer


def wait_for(path):
    while not os.path.exists(path):
        pass


def main():
    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", ROOT + "next")
        response = api.getresponse()
        event = json.loads(response.read())
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        order = json.loads(text_of(event)) if "body" in event else event
        answer = Answer(request_id, order.get("type", "application/octet-stream"))
        if "prelude" in order:
            # Split in the middle of the separator, on purpose.
            answer.write(json.dumps(order["prelude"]).encode() + b"\0" * 3)
            answer.write(b"\0" * 5 + b"first,")
        for number in range(order.get("chunks", 0)):
            answer.write(b"chunk %d\n" % number)
            if number == 0 and "wait_for" in order:
                wait_for(order["wait_for"])
        for _ in range(order.get("megabytes", 0)):
            answer.write(b"x" * (1 << 20))
        if order.get("die"):
            os._exit(9)
        if order.get("hang_up"):
            answer.socket.close()
        else:
            answer.end(order.get("error"))


main()
