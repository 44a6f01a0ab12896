"""A receiver of webhooks, and the calls that register it and list deliveries."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

ENDPOINTS = "/api/webhooks/endpoints"


class Receiver:
    """A server that records deliveries and answers by a function of the delivery."""

    def __init__(self, host="127.0.0.1", answer=lambda request: 204, port=0):
        self.requests, self.lock = [], threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = {"path": self.path, "headers": dict(self.headers.items()), "body": body}
                with receiver.lock:
                    receiver.requests.append(request)
                status, headers = receiver.answer(request), {}
                if isinstance(status, tuple):
                    status, headers = status
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

        self.answer = answer
        self.server = Server((host, port), Handler)
        self.port = self.server.server_port
        self.url = f"http://{host}:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def ids(self):
        with self.lock:
            return [request["headers"]["webhook-id"] for request in self.requests]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def register(emulator, url, *events, **fields):
    body = {"events": list(events)} | ({"url": url} if url else {}) | fields
    answer = emulator.call("POST", ENDPOINTS, body)
    assert answer.status == 201, answer.body
    return answer.json()


def tick(emulator):
    """The schedule's function, now instead of at the next minute."""
    answer = emulator.call("POST", "/2015-03-31/functions/deliver-webhooks/invocations", {})
    # One instance runs at a time, and the schedule may have it.
    assert answer.status in (200, 429), answer.body


def deliveries(emulator, **query):
    text = "&".join(f"{name}={value}" for name, value in query.items())
    found, cursor = [], ""
    while True:
        page = emulator.call("GET", f"/api/webhooks/deliveries?limit=100&{text}{cursor}").json()
        found += page["deliveries"]
        if "next" not in page:
            return found
        cursor = f"&cursor={page['next']}"
