"""Starts the built emulator on free ports and makes tiny media for it."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import store_clients
from waiting import wait_until

CHROMIUM = os.environ.get("SPOOL_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SPOOL_BIN", ROOT / ".build/debug"))


class Answer:
    """Status, headers and body of an HTTP answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def http(method, url, body=None, headers=None):
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    if data is not None and not request.has_header("Content-type"):
        request.add_header("Content-type", "application/json")
    try:
        with OPENER.open(request, timeout=120) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def log_record(line):
    """A line of the log as a record; a line that is no JSON is its message."""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"message": line}


class Emulator:
    """One running local-emulator on a data folder."""

    def __init__(self, data, functions=None, arguments=(), bootstrap=None, **environment):
        self.data, self.environment, self.process = pathlib.Path(data), environment, None
        self.functions = functions or ROOT / "infra/functions.json"
        self.bootstrap, self.arguments = bootstrap or BIN / "bootstrap", arguments

    def start(self):
        self.data.mkdir(parents=True, exist_ok=True)
        self.log = open(self.data.parent / f"{self.data.name}.log", "ab")
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "SPOOL_"))
        } | self.environment
        self.process = subprocess.Popen(
            [
                BIN / "local-emulator",
                "--data",
                self.data,
                "--port",
                "0",
                "--s3-port",
                "0",
                "--functions",
                self.functions,
                "--bootstrap",
                self.bootstrap,
                "--console",
                ROOT / "local-emulator/Console",
                *self.arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
        )
        self.ready_line = self.process.stdout.readline()
        urls = re.findall(r"http://[^\s]+", self.ready_line)
        assert len(urls) >= 2, f"no ready line, but {self.ready_line!r}: see {self.log.name}"
        self.api, self.s3 = urls[0].rstrip("/"), urls[1].rstrip("/")
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        # The command line promises ten seconds.
        status = self.process.wait(timeout=10)
        self.log.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)
        self.log.close()

    def call(self, method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http(method, self.api + path, body, headers)

    def upload(self, path, content_type="video/mp4", token=None):
        """Uploads as a browser does; answers the asset's ID."""
        path = pathlib.Path(path)
        grant = self.call(
            "POST",
            "/api/upload/init",
            {
                "filename": path.name,
                "contentType": content_type,
                "size": path.stat().st_size,
            },
            token,
        ).json()
        body = {"assetId": grant["assetId"]}
        if grant["method"] == "MULTIPART":
            body["parts"] = []
            with open(path, "rb") as file:
                for part in grant["parts"]:
                    put = http(
                        "PUT",
                        part["url"],
                        file.read(grant["partSize"]),
                        {"Content-Type": "application/octet-stream"},
                    )
                    assert put.status == 200, put.body
                    body["parts"].append(
                        {"partNumber": part["partNumber"], "etag": put.headers["ETag"]}
                    )
        else:
            put = http(grant["method"], grant["uploadUrl"], path.read_bytes(), grant["headers"])
            assert put.status == 200, put.body
        done = self.call("POST", "/api/upload/complete", body, token)
        assert done.status == 200, done.body
        return grant["assetId"]

    def start_export(self, edit, token=None):
        answer = self.call("POST", "/api/export", edit, token)
        assert answer.status == 202, answer.body
        return answer.json()["jobId"]

    def status(self, job, token=None):
        return self.call("GET", f"/api/export/{job}/status", token=token).json()

    def wait(self, job, seconds=180, token=None):
        """Polls until the export has ended; its progress never goes back."""
        last = -1

        def ended():
            nonlocal last
            status = self.status(job, token)
            if status["state"] in ("completed", "failed", "cancelled"):
                return status
            assert status["progress"] >= last, "progress went back"
            last = status["progress"]
            return None

        return wait_until(f"the end of export {job}", ended, seconds)

    def log_records(self):
        """The log so far: the emulator's own records, and those of its functions."""
        records = []
        for line in (self.data.parent / f"{self.data.name}.log").read_text().splitlines():
            record = log_record(line)
            records.append(log_record(record["line"]) if "line" in record else record)
        return records

    def download(self, status, path):
        answer = http("GET", status["downloadUrl"])
        assert answer.status == 200
        pathlib.Path(path).write_bytes(answer.body)
        assert len(answer.body) == status["size"]
        return pathlib.Path(path)


class Gate:
    """An FFmpeg that waits while its arguments name what is held.

    What must happen in the middle of an export then does, however fast or slow
    the machine is, and in whatever order its chunks come.
    """

    def __init__(self, folder):
        self.program, self.held = folder / "held-ffmpeg", folder / "held"
        self.program.write_text(f"""#!/bin/sh
while [ -e '{self.held}' ]; do
    case "$*" in *"$(cat '{self.held}' 2>/dev/null || echo none)"*) sleep 0.05 ;; *) break ;; esac
done
exec /usr/bin/ffmpeg "$@"
""")
        self.program.chmod(0o755)

    def hold(self, words):
        self.held.write_text(words)

    def open(self):
        self.held.unlink()

    def processes(self):
        """The processes that the gate holds, by number."""
        found = subprocess.run(
            ["pgrep", "-f", f"^/bin/sh {self.program} .*{re.escape(self.held.read_text())}"],
            check=False,
            capture_output=True,
            text=True,
        )
        return set(found.stdout.split())


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path)


@pytest.fixture
def emulator(tmp_path):
    """A fresh emulator of its own."""
    running = Emulator(tmp_path / "data").start()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """One emulator for tests that leave it as it was."""
    running = Emulator(tmp_path_factory.mktemp("shared") / "data").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def s3(shared):
    """boto3 on the shared emulator's store."""
    return store_clients.s3_client(shared)


@pytest.fixture
def bucket(s3):
    """A bucket for one test, removed with its objects."""
    name = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    yield name
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=name):
        for entry in page.get("Contents", []):
            s3.delete_object(Bucket=name, Key=entry["Key"])
    s3.delete_bucket(Bucket=name)


def ffmpeg(*arguments):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True)


@pytest.fixture(scope="session")
def media(tmp_path_factory):
    """Small clips of different rate, size and codec, a logo and music."""
    folder = tmp_path_factory.mktemp("media")
    tone = ["-f", "lavfi", "-i", "sine=440:r=48000:d=6"]
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=320x180:r=30000/1001:d=6",
        *tone,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "30",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        folder / "a.mp4",
    )
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "mandelbrot=s=240x160:r=25",
        "-f",
        "lavfi",
        "-i",
        "sine=660:r=44100",
        "-t",
        "5",
        "-c:v",
        "libvpx-vp9",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "libopus",
        folder / "b.webm",
    )
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "smptehdbars=s=180x320:r=60:d=4",
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=error",
        "-tag:v",
        "hvc1",
        "-pix_fmt",
        "yuv420p",
        folder / "c.mov",
    )
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "color=red@0.5:s=64x64,format=rgba",
        "-frames:v",
        "1",
        folder / "logo.png",
    )
    ffmpeg("-f", "lavfi", "-i", "sine=220:r=44100:d=3", "-c:a", "aac", folder / "music.m4a")
    # Much picture, slow to encode: an export of it can be interrupted.
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=1280x720:r=30:d=20",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        folder / "slow.mp4",
    )
    return folder


@pytest.fixture(scope="session")
def assets(shared, media):
    """The media on the shared emulator, by file name without its ending."""
    types = {
        ".mp4": "video/mp4",
        ".webm": "video/webm",
        ".mov": "video/quicktime",
        ".png": "image/png",
        ".m4a": "audio/mp4",
    }
    return {p.stem: shared.upload(p, types[p.suffix]) for p in sorted(media.iterdir())}


def timeline(assets, **output):
    """Three clips after each other, a logo above, music below: 10 s."""
    settings = {"size": {"width": 320, "height": 180}, "fps": "30000/1001"} | output
    return {
        "timeline": {
            "tracks": [
                {
                    "clips": [
                        {
                            "asset": {"type": "image", "assetId": assets["logo"]},
                            "start": 1,
                            "length": 8,
                            "position": "topRight",
                            "scale": 0.3,
                            "opacity": 0.8,
                            "transition": {"in": "fade", "out": "fade"},
                        }
                    ]
                },
                {
                    "clips": [
                        {
                            "asset": {"type": "video", "assetId": assets["a"], "trim": 0.7},
                            "start": 0,
                            "length": 4.2,
                        },
                        {
                            "asset": {"type": "video", "assetId": assets["b"]},
                            "start": 4.2,
                            "length": 3,
                            "fit": "contain",
                        },
                        {
                            "asset": {"type": "video", "assetId": assets["c"], "trim": 0.25},
                            "start": 7.2,
                            "length": 2.8,
                            "fit": "crop",
                            "transition": {"in": "fade"},
                        },
                    ]
                },
            ],
            "soundtrack": {"assetId": assets["music"], "effect": "fadeOut", "volume": 0.3},
        },
        "output": settings,
    }


def single(asset, length, **output):
    """One clip from its start."""
    return {
        "timeline": {
            "tracks": [
                {
                    "clips": [
                        {"asset": {"type": "video", "assetId": asset}, "start": 0, "length": length}
                    ]
                }
            ]
        },
        "output": {"size": {"width": 1280, "height": 720}, "fps": 30} | output,
    }


def frame_hashes(path, kind="v"):
    """One hash a frame as decoded, with its timestamp."""
    out = subprocess.run(
        [
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-i",
            path,
            "-map",
            f"0:{kind}",
            "-f",
            "framemd5",
            "-",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    rows = [line.split(",") for line in out.splitlines() if not line.startswith("#")]
    return [(int(row[2]), row[5].strip()) for row in rows]


def sound_samples(path):
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-f", "f32le", "-"],
        check=True,
        capture_output=True,
    ).stdout


@pytest.fixture(scope="module")
def foreign_page():
    """A browser's page whose origin is neither the API's nor the store's."""
    from playwright.sync_api import sync_playwright

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>editor</title>")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-dev-shm-usage"],
        )
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        yield page
        browser.close()
    server.shutdown()
