"""Starts the built emulator on free ports and makes tiny media for it."""

import os
import random
import shutil
import subprocess
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

import store_clients
import volume_folder
from emulator_process import BIN, ROOT, Emulator, Gate, http
from waiting import wait_until

# Tests reach the tools of the suite through this module.
__all__ = ["BIN", "ROOT", "Emulator", "Gate", "http", "wait_until"]


CHROMIUM = os.environ.get("SPOOL_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
# Seed of the tests' random choices.
SEED = int(os.environ.get("SPOOL_TEST_SEED") or random.SystemRandom().getrandbits(32))


@pytest.fixture(autouse=True)
def seeded(request):
    """Every test draws the same random numbers for the same SPOOL_TEST_SEED."""
    random.seed(f"{SEED} {request.node.nodeid}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """A failure prints the command that runs it again with the same seed."""
    report = yield
    if report.failed:
        command = f"SPOOL_TEST_SEED={SEED} .venv/bin/python -m pytest '{item.nodeid}'"
        report.sections.append(("Run it again", command))
    return report


@pytest.fixture
def gate(tmp_path):
    return Gate(tmp_path)


@pytest.fixture
def emulator(tmp_path):
    """A new emulator for one test."""
    running = Emulator(tmp_path / "data").start()
    yield running
    if running.process.poll() is None:
        running.stop()


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """One emulator for tests that restore its state."""
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
    # Slow to encode, so that an export of it can be interrupted.
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


def audio_samples(path):
    return subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-f", "f32le", "-"],
        check=True,
        capture_output=True,
    ).stdout


@pytest.fixture(scope="module")
def foreign_page():
    """A browser page whose origin is neither the API's nor the store's."""
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


@pytest.fixture
def volume(tmp_path, media):
    """A media folder on the file system of the emulator's data."""
    root = tmp_path / "media"
    (root / "takes").mkdir(parents=True)
    for name in ("a.mp4", "b.webm", "music.m4a"):
        shutil.copy(media / name, root / "takes" / name)
    return root


@pytest.fixture
def running(tmp_path, volume):
    """An emulator on that folder."""
    emulator = volume_folder.start(tmp_path, volume)
    yield emulator
    if emulator.process.poll() is None:
        emulator.stop()
