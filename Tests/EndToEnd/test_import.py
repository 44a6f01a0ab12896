"""Files are imported from URLs of real HTTP servers, also of bad ones."""

import hashlib
import random
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import conftest
from conftest import Emulator, wait_until
from store_clients import s3_client


class Host:
    """A media host with one file; `fault` decides about each request."""

    def __init__(self, data, kind="video/mp4", ranges=True, fault=lambda number, handler: None):
        self.data, self.kind, self.ranges, self.fault = data, kind, ranges, fault
        self.requests, self.lock = [], threading.Lock()
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                with host.lock:
                    host.requests.append((self.path, self.headers.get("Range")))
                    number = len(host.requests)
                if not host.fault(number, self):
                    self.send_file()

            def send_file(self, count=None):
                """Sends the file or the wanted range, or only `count` bytes of it."""
                etag = '"' + hashlib.md5(host.data).hexdigest() + '"'
                wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
                same = self.headers.get("If-Range") in (None, etag)
                if host.ranges and wanted and same:
                    first, last = int(wanted[1]), min(int(wanted[2]), len(host.data) - 1)
                    body = host.data[first : last + 1]
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {first}-{last}/{len(host.data)}")
                else:
                    body = host.data
                    self.send_response(200)
                self.send_header("Content-Type", host.kind)
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:count])
                if count is not None:
                    self.close_connection = True

            def answer(self, status, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return True

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def host():
    """Makes hosts, and stops them."""
    made = []

    def make(*arguments, **settings):
        made.append(Host(*arguments, **settings))
        return made[-1]

    yield make
    for running in made:
        running.stop()


@pytest.fixture
def importing(tmp_path):
    running = Emulator(tmp_path / "data", SPOOL_IMPORT_ALLOW="127.0.0.1").start()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="module")
def large(media):
    """A film of 40 MB: three parts. The rest is a box that players skip."""
    film = (media / "a.mp4").read_bytes()
    size = (40 << 20) - len(film)
    return film + size.to_bytes(4, "big") + b"free" + random.Random(1).randbytes(size - 8)


def start(emulator, url, **more):
    answer = emulator.call("POST", "/api/upload/import", {"url": url} | more)
    assert answer.status == 202, answer.body
    assert answer.json()["status"] == "downloading"
    return answer.json()["assetId"]


def ended(emulator, asset, seconds=90):
    def look():
        answer = emulator.call("GET", f"/api/assets/{asset}")
        document = answer.json()
        return answer.status == 200 and document["status"] != "downloading" and document

    return wait_until(f"the import of {asset}", look, seconds)


def stored(emulator, asset):
    client = s3_client(emulator)
    (entry,) = client.list_objects_v2(Bucket="spool", Prefix=f"uploads/local/{asset}/")["Contents"]
    return client.get_object(Bucket="spool", Key=entry["Key"])["Body"].read()


def test_a_file_is_imported_and_exported(importing, host, large):
    remote = host(large, fault=lambda number, handler: time.sleep(0.3))
    asset = start(importing, f"{remote.url}/talks/a%20talk.mp4?key=1")

    def progress():
        document = importing.call("GET", f"/api/assets/{asset}").json()
        return document["status"] == "downloading" and document["progress"]["bytes"] > 0

    wait_until("the first part", progress)
    # The parts so far are not taken for the whole file.
    early = importing.call("POST", "/api/upload/complete", {"assetId": asset})
    assert early.status in (200, 409)
    done = ended(importing, asset)

    assert done["status"] == "ready", done
    assert done["metadata"]["filename"] == "a talk.mp4"
    assert done["metadata"]["size"] == len(large)
    assert stored(importing, asset) == large
    job = importing.start_export(conftest.single(asset, 1))
    assert importing.wait(job)["state"] == "completed"


def test_faults_of_the_host_are_survived(importing, host, large):
    """Refusals, resets, short bodies and a stall: each part is fetched in the end."""
    seen = random.Random(5)

    def fault(number, handler):
        kind = seen.choice(["busy", "short", "reset", "none", "none", "none"])
        if kind == "busy":
            return handler.answer(503)
        if kind == "short":
            handler.send_file(count=1000)
            return True
        if kind == "reset":
            handler.close_connection = True
            return True
        return False

    remote = host(large, fault=fault)
    asset = start(importing, f"{remote.url}/film.mp4")
    assert ended(importing, asset, 180)["status"] == "ready"
    assert stored(importing, asset) == large


def test_a_killed_import_fetches_what_is_missing(tmp_path, host, large):
    remote = host(large, fault=lambda number, handler: time.sleep(0.2))
    emulator = Emulator(tmp_path / "data", SPOOL_IMPORT_ALLOW="127.0.0.1").start()
    asset = start(emulator, f"{remote.url}/film.mp4")
    for _ in range(3):
        time.sleep(random.uniform(0.2, 1))
        emulator.kill()
        emulator.start()
    assert ended(emulator, asset)["status"] == "ready"
    assert stored(emulator, asset) == large
    emulator.stop()


def test_a_file_that_changes_is_fetched_from_the_beginning(importing, host, large):
    other = large[:-1] + bytes([large[-1] ^ 1])

    def fault(number, handler):
        if number == 4:
            remote.data = other
        return False

    remote = host(large, fault=fault)
    asset = start(importing, f"{remote.url}/film.mp4")
    assert ended(importing, asset)["status"] == "ready"
    assert stored(importing, asset) == other


def test_a_host_without_ranges_and_redirects(importing, host, media):
    data = (media / "music.m4a").read_bytes()

    def fault(number, handler):
        if handler.path == "/moved":
            return handler.answer(302, Location="/files/music.m4a")
        return False

    remote = host(data, kind="audio/mp4", ranges=False, fault=fault)
    asset = start(importing, f"{remote.url}/moved", filename="theme.m4a")
    done = ended(importing, asset)
    assert (done["status"], done["metadata"]["kind"]) == ("ready", "audio")
    assert done["metadata"]["filename"] == "theme.m4a"
    assert stored(importing, asset) == data


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"kind": "text/html; charset=utf-8"}, "leads to a web page"),
        ({"fault": lambda number, handler: handler.answer(404)}, "status 404"),
        ({"fault": lambda number, handler: handler.answer(302, Location="/x")}, "redirects"),
        (
            {"fault": lambda n, handler: handler.answer(302, Location="http://169.254.169.254/")},
            "not permitted",
        ),
        (
            {"fault": lambda n, handler: handler.answer(302, Location="file:///etc/passwd")},
            "must be an http or https URL",
        ),
        ({"data": b"It was a dark night. " * 99}, "not usable media"),
    ],
    ids=["page", "missing", "loop", "metadata address", "file URL", "no media"],
)
def test_what_cannot_be_imported_fails_with_a_reason(importing, host, media, settings, reason):
    data = settings.pop("data", (media / "a.mp4").read_bytes())
    remote = host(data, **settings)
    done = ended(importing, start(importing, f"{remote.url}/film.mp4"))
    assert done["status"] == "failed"
    assert reason in done["error"], done["error"]


def test_addresses_inside_and_wrong_urls_are_refused(tmp_path, host, media):
    inside = host((media / "a.mp4").read_bytes())
    emulator = Emulator(tmp_path / "data").start()
    for url, reason in {
        "ftp://media.example/a.mp4": "must be an http or https URL",
        "http://user:secret@media.example/a": "must not contain a user",
        "http://media.example:22/a": "must have the port",
        "https://": "has no valid host",
    }.items():
        answer = emulator.call("POST", "/api/upload/import", {"url": url})
        assert answer.status == 400
        (fault,) = answer.json()["errors"]
        assert fault["pointer"] == "/url" and reason in fault["detail"], fault
    port = inside.url.rsplit(":", 1)[1]
    for name in ("127.0.0.1", "localhost", "[::1]", "2130706433"):
        asset = start(emulator, f"http://{name}:{port}/a.mp4")
        done = ended(emulator, asset)
        assert done["status"] == "failed" and "not permitted" in done["error"], done
    assert not inside.requests
    emulator.stop()


def test_a_file_above_the_limit_is_not_fetched(tmp_path, host, large):
    remote = host(large)
    emulator = Emulator(
        tmp_path / "data", SPOOL_IMPORT_ALLOW="127.0.0.1", SPOOL_UPLOAD_MAX_BYTES="1000000"
    ).start()
    done = ended(emulator, start(emulator, f"{remote.url}/film.mp4"))
    assert done["status"] == "failed" and "the largest upload has 1000000 bytes" in done["error"]
    assert len(remote.requests) == 1
    emulator.stop()
