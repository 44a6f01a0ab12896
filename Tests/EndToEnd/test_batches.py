"""Batches survive kills, and take turns."""

import json
import random
import time

import pytest

import conftest
from conftest import Emulator, wait_until
from store_clients import s3_client
from webhook_receiver import Receiver, deliveries, register, tick


def start(emulator, asset, variations, **more):
    answer = emulator.call(
        "POST", "/api/jobs", {"assets": [asset], "variations": variations} | more
    )
    assert answer.status == 201, answer.body
    return answer.json()["job_id"]


def ended(emulator, batch, seconds=120):
    """The batch once it has ended; its progress never goes back."""
    last = 0

    def look():
        nonlocal last
        job = emulator.call("GET", f"/api/jobs/{batch}").json()
        assert job["progress"]["percent"] >= last
        last = job["progress"]["percent"]
        return job if job["status"] in ("complete", "failed", "cancelled") else None

    return wait_until(f"the end of {batch}", look, seconds)


@pytest.fixture
def clip(tmp_path):
    path = tmp_path / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc2=s=128x72:r=25:d=2", "-pix_fmt", "yuv420p"]
    conftest.ffmpeg(*source, path)
    return path


@pytest.mark.parametrize("end", ["kill", "stop"])
def test_a_batch_survives_the_end_of_the_emulator(tmp_path, clip, gate, end):
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    asset = emulator.upload(clip)
    # Shared renders of the later outputs wait, so the end comes in the middle.
    gate.hold("libx264")
    batch = start(emulator, asset, 6)
    wait_until("FFmpeg at the gate", gate.processes)
    getattr(emulator, end)()
    gate.open()

    restarted = Emulator(tmp_path / "data").start()
    try:
        job = ended(restarted, batch)
        assert job["status"] == "complete", job
        assert [result["ready"] for result in job["results"]] == [True] * 6
        keys = [
            entry["Key"]
            for entry in s3_client(restarted).list_objects_v2(
                Bucket="spool", Prefix=f"exports/local/{batch.replace('batch', 'job')}"
            )["Contents"]
        ]
        assert sum(key.endswith("/result.json") for key in keys) == 6
        assert sum("/output." in key for key in keys) == 6
    finally:
        restarted.stop()


def test_a_killed_batch_is_announced_once(tmp_path, clip):
    """batch.completed is delivered under one ID, wherever the emulator is killed."""
    receiver = Receiver()
    settings = {"SPOOL_WEBHOOK_ALLOW": "127.0.0.1", "SPOOL_WEBHOOK_RETRY_SCALE": "0.001"}
    emulator = Emulator(tmp_path / "data", **settings).start()
    register(emulator, receiver.url, "batch.completed")
    asset = emulator.upload(clip)
    batches = [start(emulator, asset, 2) for _ in range(3)]
    for _ in range(4):
        time.sleep(random.uniform(0.2, 1.5))
        emulator.kill()
        emulator.start()
    for batch in batches:
        assert ended(emulator, batch)["status"] == "complete"

    def announced():
        tick(emulator)
        return len(deliveries(emulator, state="delivered")) == len(batches)

    # A claim of the killed process ends after 30 seconds.
    wait_until("every announcement", announced, 90)
    bodies = {request["body"] for request in receiver.requests}
    assert {json.loads(body)["data"]["batchId"] for body in bodies} == set(batches)
    assert len(set(receiver.ids())) == len(batches)
    emulator.stop()
    receiver.stop()


def test_batches_take_turns_by_priority(tmp_path, clip, gate):
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    try:
        asset = emulator.upload(clip)
        gate.hold("libx264")
        first = start(emulator, asset, 1)
        wait_until("the first batch at the gate", gate.processes)
        normal = start(emulator, asset, 1)
        urgent = start(emulator, asset, 1, priority="interactive")
        gate.open()

        order = sorted(
            [first, normal, urgent], key=lambda batch: ended(emulator, batch)["finished_at"]
        )
        assert order == [first, urgent, normal]
    finally:
        emulator.stop()
