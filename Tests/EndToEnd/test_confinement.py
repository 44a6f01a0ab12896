"""FFmpeg and ffprobe as they really run: confined, without secrets, without URLs in arguments."""

import os
import pathlib
import re
import threading

import pytest

from conftest import Emulator, single

SECRETS = {
    "SPOOL_TOKENS": "alice-secret=alice",
    "SPOOL_ADMIN_TOKEN": "operator-secret",
    "AWS_ACCESS_KEY_ID": "own-key",
    "AWS_SECRET_ACCESS_KEY": "own-secret-key",
}


class Watch(threading.Thread):
    """Reads what /proc says about every FFmpeg below a process until it is stopped."""

    def __init__(self, root):
        super().__init__(daemon=True)
        self.root, self.seen, self.environments, self.stopped = root, {}, {}, threading.Event()

    def run(self):
        while not self.stopped.wait(0.005):
            for folder in pathlib.Path("/proc").glob("[0-9]*"):
                try:
                    self.look(folder)
                except OSError:
                    continue

    def look(self, folder):
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        if not words[0].endswith(("/ffmpeg", "/ffprobe", "/bootstrap")):
            return
        status = (folder / "status").read_text()
        parent = int(re.search(r"PPid:\s+(\d+)", status)[1])
        if words[0].endswith("/bootstrap"):
            if parent == self.root:
                text = (folder / "environ").read_bytes().decode(errors="replace")
                name = re.search(r"AWS_LAMBDA_FUNCTION_NAME=([^\0]*)", text)
                if name:
                    self.environments[name[1]] = text
            return
        if folder.name in self.seen or words[-1] == "-version" or not self.is_ours(parent):
            return
        # The state between fork and exec is not the program's.
        if "file:" not in " ".join(words) and "http://" not in " ".join(words):
            return
        self.seen[folder.name] = {
            "words": words,
            "status": status,
            "limits": (folder / "limits").read_text(),
            "environment": (folder / "environ").read_bytes().decode(errors="replace"),
        }

    def is_ours(self, parent):
        status = pathlib.Path(f"/proc/{parent}/status").read_text()
        return int(re.search(r"PPid:\s+(\d+)", status)[1]) == self.root

    def end(self):
        self.stopped.set()
        self.join(timeout=10)


@pytest.fixture(scope="module")
def seen(tmp_path_factory, media):
    """What was seen during an upload and an export with text and audio."""
    emulator = Emulator(tmp_path_factory.mktemp("confinement") / "data", **SECRETS).start()
    try:
        watch = Watch(emulator.process.pid)
        watch.start()
        asset = emulator.upload(media / "a.mp4", token="alice-secret")
        edit = single(asset, 2)
        answer = emulator.call("POST", "/api/export", edit, token="alice-secret")
        assert answer.status == 202, answer.body
        job = answer.json()["jobId"]
        emulator.wait(job, token="alice-secret")
        health = emulator.call("GET", "/healthz").json()
        own = emulator.call("GET", "/api/health").json()
        watch.end()
    finally:
        emulator.stop()
    return watch, health, own


def test_every_ffmpeg_is_confined(seen):
    watch, health, own = seen
    programs = {os.path.basename(found["words"][0]) for found in watch.seen.values()}

    assert programs == {"ffmpeg", "ffprobe"}
    for found in watch.seen.values():
        assert re.search(r"NoNewPrivs:\s+1", found["status"])
        assert re.search(r"Seccomp:\s+2", found["status"])
        assert re.search(r"CapEff:\s+0+\n", found["status"])
        assert re.search(r"Max core file size\s+0 ", found["limits"])
        assert re.search(r"Max cpu time\s+\d+ ", found["limits"])
        assert re.search(r"Max data size\s+\d+ ", found["limits"])
        assert re.search(r"Max file size\s+\d+ ", found["limits"])
        assert re.search(r"Max open files\s+1024 ", found["limits"])
    assert health["confinement"] == "on"
    assert own["confinement"] == {
        "state": "on",
        "privileges": True,
        "files": True,
        "network": True,
        "systemCalls": True,
        "hiddenMemory": True,
    }


def test_no_argument_is_a_presigned_url(seen):
    watch, _, _ = seen

    words = [word for found in watch.seen.values() for word in found["words"]]
    assert any(re.fullmatch(r"http://127\.0\.0\.1:\d+/[a-z2-7]{26}", word) for word in words)
    assert not [word for word in words if "X-Amz-" in word or "own-key" in word]


def test_no_program_has_a_secret_in_its_environment(seen):
    watch, _, _ = seen

    for found in watch.seen.values():
        names = {line.split("=")[0] for line in found["environment"].split("\0") if line}
        assert names <= {"LC_ALL", "SVT_LOG", "TMPDIR", "FONTCONFIG_FILE"}


def test_functions_that_read_media_have_no_tokens(seen):
    watch, _, _ = seen

    assert "alice-secret" in watch.environments["start-export"]
    for name in ("render-chunk", "stitch-export", "derive-asset"):
        assert "alice-secret" not in watch.environments[name], name
    for text in watch.environments.values():
        assert "operator-secret" not in text
