"""A kill, a fault or a damaged chunk never fails an export, and poison ends.

The reproductions of faults that once failed accepted exports for good.
"""

import contextlib
import json

import pytest

import conftest
from conftest import ROOT, Emulator, wait_until
from fault_proxy import FaultProxy, catalogue_through
from store_clients import s3_client

SMALL = {"size": {"width": 160, "height": 90}, "preset": "ultrafast", "chunkSeconds": 0.5}


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def end(emulator, job):
    """The status of an export that has ended. Its progress goes back with a discarded chunk."""

    def ended():
        status = emulator.status(job)
        return status if status["state"] in ("completed", "failed", "cancelled") else None

    return wait_until(f"the end of {job}", ended, 180)


def failures(emulator, job):
    """The failure records of an export."""
    s3 = s3_client(emulator)
    prefix = f"exports/local/{job}/failures/"
    listed = s3.list_objects_v2(Bucket="spool", Prefix=prefix).get("Contents", [])
    return [
        json.loads(s3.get_object(Bucket="spool", Key=entry["Key"])["Body"].read())
        for entry in listed
    ]


# Words of a command line, and the step that they tell.
STEPS = {
    "show_streams": "probe",
    "libx264": "chunk",
    "-c:a aac": "audio",
    "chunks.ffconcat": "join",
    "framecrc pipe:1": "check",
    "-f mjpeg": "poster",
}


@pytest.mark.parametrize("how", ["kill -9 $$", "kill -15 $$", "exit 1"])
def test_a_program_that_fails_once_at_each_step_fails_no_export(tmp_path, media, how):
    marks = {step: tmp_path / f"failed-{step}" for step in STEPS.values()}
    script = "\n".join(
        f"case \"$*\" in *'{words}'*) [ -e '{marks[step]}' ] || "
        f"{{ touch '{marks[step]}'; {how}; }} ;; esac"
        for words, step in STEPS.items()
    )
    folder = tmp_path / "bin"
    folder.mkdir()
    script += '\nexec /usr/bin/${0##*/} "$@"'
    emulator = Emulator(
        tmp_path / "data",
        SPOOL_FFMPEG=program(folder / "ffmpeg", script),
        SPOOL_FFPROBE=program(folder / "ffprobe", script),
    ).start()
    try:
        asset = wait_until("an upload", lambda: uploaded(emulator, media / "a.mp4"))
        job = emulator.start_export(conftest.single(asset, 2, **SMALL))
        status = end(emulator, job)
        assert status["state"] == "completed", status
        wait_until("each step's failure", lambda: all(m.exists() for m in marks.values()))
        states = wait_until("the derivatives", lambda: derived(emulator, asset))
        assert states["poster"] == "ready", states
    finally:
        emulator.stop()


def derived(emulator, asset):
    """The states of an asset's derivatives once none is pending."""
    states = emulator.call("GET", f"/api/assets/{asset}").json()["derivatives"]
    return None if "pending" in states.values() else states


def uploaded(emulator, path):
    """The asset; None where the call failed and may be repeated."""
    with contextlib.suppress(AssertionError):
        return emulator.upload(path)
    return None


def test_a_damaged_chunk_in_the_cache_is_rendered_again(tmp_path, emulator, media):
    asset = emulator.upload(media / "a.mp4")
    edit = conftest.single(asset, 2, **SMALL)
    first = emulator.wait(emulator.start_export(edit))
    expected = emulator.download(first, tmp_path / "first.mp4").read_bytes()
    s3 = s3_client(emulator)
    units = s3.list_objects_v2(Bucket="spool", Prefix="cache/local/")["Contents"]
    assert len(units) == 5
    for number, entry in enumerate(units):
        body = s3.get_object(Bucket="spool", Key=entry["Key"])["Body"].read()
        # Cut, empty, or not media at all.
        damaged = [body[: len(body) // 2], b"", b"no media" * 500][number % 3]
        s3.put_object(Bucket="spool", Key=entry["Key"], Body=damaged)

    for output in [{}, {"hls": True}]:
        again = edit | {"output": edit["output"] | output}
        status = end(emulator, emulator.start_export(again))
        assert status["state"] == "completed", status
        assert emulator.download(status, tmp_path / "again.mp4").read_bytes() == expected


@pytest.mark.parametrize("first", [2, 3, 4, 5])
def test_two_faults_in_a_row_at_the_join_fail_no_export(tmp_path, media, first):
    """FFmpeg's read of a chunk is reset, and its next one gets a 500."""
    reads = []

    def choose(method, path, head):
        if method != "GET" or "/cache/" not in path or b"Lavf" not in head:
            return None
        reads.append(path)
        return {first: "reset-before", first + 1: "500"}.get(len(reads))

    proxy = FaultProxy(choose)
    functions = catalogue_through(proxy, ROOT / "infra/functions.json", tmp_path)
    emulator = Emulator(tmp_path / "data", functions=functions).start()
    proxy.aim(emulator.s3)
    try:
        asset = emulator.upload(media / "a.mp4")
        status = emulator.wait(emulator.start_export(conftest.single(asset, 3, **SMALL)))
        assert status["state"] == "completed", (status, reads)
        assert proxy.counts == {"reset-before": 1, "500": 1}
        assert len(conftest.frame_hashes(emulator.download(status, tmp_path / "film.mp4"))) == 90
    finally:
        emulator.stop()
        proxy.stop()


def test_poison_ends_with_its_last_error_and_holds_up_no_other_export(tmp_path, media):
    """FFmpeg kills the function that started it, whenever it encodes with this factor."""
    script = 'case "$*" in *\'-crf 37 \'*) kill -9 $PPID ;; esac\nexec /usr/bin/ffmpeg "$@"'
    emulator = Emulator(
        tmp_path / "data", SPOOL_FFMPEG=program(tmp_path / "ffmpeg", script)
    ).start()
    try:
        asset = emulator.upload(media / "a.mp4")
        poison = emulator.start_export(conftest.single(asset, 1, **SMALL, crf=37))
        for _ in range(3):
            other = emulator.wait(emulator.start_export(conftest.single(asset, 1, **SMALL)))
            assert other["state"] == "completed", other
        status = emulator.wait(poison, seconds=120)
        assert status["state"] == "failed"
        assert "render-chunk ended without a result" in status["error"], status["error"]
        assert "signal: killed" in status["error"], status["error"]
        assert len([f for f in failures(emulator, poison) if f.get("isCrash")]) >= 3
        letters = conftest.http("GET", f"{emulator.api}/console/api/queue?limit=100").json()[
            "deadLetters"
        ]
        assert any(letter["function"] == "render-chunk" for letter in letters), letters
        # It is not requested again.
        assert emulator.status(poison)["state"] == "failed"
    finally:
        emulator.stop()
