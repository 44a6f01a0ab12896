"""Long audio is rendered in parallel pieces that join without an audible seam."""

import array
import itertools
import math
import subprocess
import wave

import pytest

import conftest
from store_clients import s3_client
from waiting import wait_until

SECONDS, RATE, TONE = 150, 48_000, 440


@pytest.fixture(scope="module")
def tone(tmp_path_factory):
    """Two and a half minutes of one sine, from its first sample to its last."""
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    period = array.array(
        "h", (round(12_000 * math.sin(2 * math.pi * TONE * n / RATE)) for n in range(RATE))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        for _ in range(SECONDS):
            file.writeframes(period.tobytes())
    return path


@pytest.fixture
def many(tmp_path, gate):
    """An emulator of eight renderers."""
    emulator = conftest.Emulator(
        tmp_path / "data", WORKER_CONCURRENCY="8", SPOOL_FFMPEG=str(gate.program)
    ).start()
    yield emulator
    emulator.stop()


def edit(asset, **output):
    clip = {"asset": {"type": "audio", "assetId": asset}, "length": SECONDS}
    picture = {"asset": {"type": "color", "color": "#204060"}, "length": SECONDS}
    tracks = [{"clips": [clip]}]
    if output["format"] == "mp4":
        tracks.append({"clips": [picture]})
        output |= {"size": {"width": 64, "height": 36}, "fps": 5}
    return {"timeline": {"tracks": tracks}, "output": output}


def receipts(emulator, job):
    client = s3_client(emulator)
    found = client.list_objects_v2(Bucket="spool", Prefix=f"exports/local/{job}/receipts/audio")
    return [item["Key"].rsplit("/", 1)[1] for item in found.get("Contents", [])]


def check(path):
    """Every packet and sample exists once, in order, and the tone has no step."""
    starts = [
        int(line.split(",")[1])
        for line in subprocess.run(
            [
                "ffmpeg",
                "-v",
                "error",
                "-i",
                path,
                "-map",
                "0:a",
                "-c",
                "copy",
                "-copyts",
                "-f",
                "framecrc",
                "-",
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.splitlines()
        if line[0] != "#"
    ]
    assert starts == [1_024 * (n - 1) for n in range(len(starts))]
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-map", "0:a", "-ac", "1", "-f", "s16le", "-"],
        check=True,
        capture_output=True,
    ).stdout
    samples = array.array("h", raw)
    assert 0 <= len(samples) - SECONDS * RATE < 1_024
    samples = samples[: SECONDS * RATE]
    peak = max(samples)
    assert peak > 5_000
    steepest = 2 * math.pi * TONE / RATE * peak
    # Both ends belong to the tone.
    inner = samples[2_048:-2_048]
    assert max(abs(b - a) for a, b in itertools.pairwise(inner)) < 1.1 * steepest


@pytest.mark.parametrize("format", ["m4a", "mp4"])
def test_a_long_tone_is_whole(many, tone, tmp_path, format):
    job = many.start_export(edit(many.upload(tone, "audio/wav"), format=format))
    status = many.wait(job)
    assert status["state"] == "completed", status

    assert len(receipts(many, job)) == 3
    assert status["check"]["audioSamples"] == SECONDS * RATE
    check(many.download(status, tmp_path / f"out.{format}"))


def test_a_killed_emulator_resumes_the_audio_pieces(many, gate, tone, tmp_path):
    asset = many.upload(tone, "audio/wav")
    # The last piece: 128 frames before it, and its 1,913.
    gate.hold("floor(n/2041)")
    job = many.start_export(edit(asset, format="m4a"))
    wait_until("two audio receipts", lambda: len(receipts(many, job)) == 2)
    many.kill()
    gate.open()

    many.start()
    status = many.wait(job)
    assert status["state"] == "completed", status
    assert len(receipts(many, job)) == 3
    check(many.download(status, tmp_path / "out.m4a"))
