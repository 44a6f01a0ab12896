"""Exports survive kills and duplicate events; bad media is refused."""

import json
import pathlib
import subprocess

import pytest

import conftest
from conftest import Emulator
from store_clients import s3_client
from waiting import wait_until


def ffmpeg_processes(emulator):
    """FFmpeg processes below this emulator, or in its scratch folder after its end."""
    out = subprocess.run(
        ["pgrep", "-ax", "ffmpeg"], capture_output=True, text=True, check=False
    ).stdout
    return [
        line
        for line in out.splitlines()
        if str(emulator.data) in line or emulator.process.pid in ancestors(line.split()[0])
    ]


def ancestors(process):
    """The process and those above it."""
    found = [int(process)]
    while found[-1] > 1:
        try:
            status = pathlib.Path(f"/proc/{found[-1]}/stat").read_text()
        except OSError:
            break
        found.append(int(status.rpartition(")")[2].split()[1]))
    return found


def test_a_killed_emulator_finishes_the_export_after_a_restart(tmp_path, media, gate):
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    asset = emulator.upload(media / "slow.mp4")
    edit = conftest.single(asset, 20, codec="lossless", chunkSeconds=4)
    gate.hold("trim=start_pts=240:")
    job = emulator.start_export(edit)
    wait_until("a rendered chunk", lambda: emulator.status(job)["frames"]["done"] > 0)
    emulator.kill()
    gate.open()

    restarted = Emulator(tmp_path / "data").start()
    try:
        status = restarted.wait(job)
        assert status["state"] == "completed", status
        broken = conftest.frame_hashes(restarted.download(status, tmp_path / "broken.mp4"))
        # An undisturbed export in other chunks, which are not in the cache.
        whole = restarted.wait(
            restarted.start_export(conftest.single(asset, 20, codec="lossless", chunkSeconds=20))
        )
        assert broken == conftest.frame_hashes(restarted.download(whole, tmp_path / "whole.mp4"))
        assert len(broken) == 600
    finally:
        restarted.stop()


def test_a_stopped_emulator_resumes_after_a_restart(tmp_path, media, gate):
    """SIGTERM in the middle of an export: exit 0 in time, and the export is resumed."""
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    asset = emulator.upload(media / "slow.mp4")
    gate.hold("trim=start_pts=270:")
    job = emulator.start_export(conftest.single(asset, 12, crf=18, chunkSeconds=3))
    wait_until("a rendered chunk", lambda: emulator.status(job)["frames"]["done"] > 0)
    assert emulator.stop() == 0
    gate.open()
    assert ffmpeg_processes(emulator) == []

    restarted = Emulator(tmp_path / "data").start()
    try:
        status = restarted.wait(job)
        assert status["state"] == "completed", status
        assert status["check"]["frames"] == 360
    finally:
        restarted.stop()


def functions_running(emulator):
    """The processes of the functions, which are the emulator's only children."""
    command = ["pgrep", "-P", str(emulator.process.pid)]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    return set(found.stdout.split())


def kill(processes):
    """Kills the processes and returns their number."""
    return sum(
        subprocess.run(["kill", "-9", process], check=False, capture_output=True).returncode == 0
        for process in processes
    )


def test_killed_functions_are_started_again(emulator, media, tmp_path):
    asset = emulator.upload(media / "slow.mp4")
    lossless = {"codec": "lossless", "size": {"width": 320, "height": 180}}
    killed = set()
    job = emulator.start_export(conftest.single(asset, 10, chunkSeconds=1, **lossless))
    for _ in range(3):
        # Each round kills processes that were started after the round before.
        started = wait_until(
            "new functions", lambda killed=killed: functions_running(emulator) - killed
        )
        assert kill(started) > 0
        killed = killed | started

    status = emulator.wait(job)
    assert status["state"] == "completed", status
    broken = conftest.frame_hashes(emulator.download(status, tmp_path / "broken.mp4"))
    whole = emulator.wait(
        emulator.start_export(conftest.single(asset, 10, chunkSeconds=10, **lossless))
    )
    assert broken == conftest.frame_hashes(emulator.download(whole, tmp_path / "whole.mp4"))


def test_a_killed_ffmpeg_is_tried_again(tmp_path, media, gate):
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    try:
        asset = emulator.upload(media / "slow.mp4")
        # The second chunk waits, so there is a process to kill.
        gate.hold("trim=start_pts=150:")
        job = emulator.start_export(conftest.single(asset, 20, chunkSeconds=5))
        held = wait_until("the held FFmpeg", gate.processes)
        assert kill(held) > 0
        second = wait_until("a second attempt", lambda: gate.processes() - held)
        gate.open()

        status = emulator.wait(job)
        assert second
        assert status["state"] == "completed", status
        assert status["check"]["frames"] == 600
    finally:
        emulator.stop()


def test_a_cancelled_export_has_no_ffmpeg_left(emulator, media):
    asset = emulator.upload(media / "slow.mp4")
    job = emulator.start_export(conftest.single(asset, 20, crf=1, preset="veryslow"))
    wait_until("FFmpeg", lambda: ffmpeg_processes(emulator))
    answer = emulator.call("DELETE", f"/api/export/{job}")
    assert answer.status == 200
    assert answer.json()["state"] == "cancelled"

    # Uncancelled, FFmpeg works for longer than this.
    wait_until("the end of FFmpeg", lambda: not ffmpeg_processes(emulator), seconds=30)
    assert emulator.status(job)["state"] == "cancelled"
    # A second cancel, and one of a finished export, change nothing.
    assert emulator.call("DELETE", f"/api/export/{job}").json()["state"] == "cancelled"


def test_the_same_client_token_is_the_same_job(shared, assets):
    edit = conftest.single(assets["a"], 1, size={"width": 64, "height": 36})
    edit["clientToken"] = "token-1"
    jobs = {shared.start_export(edit) for _ in range(3)}
    assert len(jobs) == 1

    edit["timeline"]["tracks"][0]["clips"][0]["length"] = 2
    conflict = shared.call("POST", "/api/export", edit)
    assert conflict.status == 409
    assert conflict.json()["errors"][0]["pointer"] == "/clientToken"


def test_duplicate_events_change_nothing(shared, assets):
    job = shared.start_export(conftest.single(assets["a"], 2, size={"width": 64, "height": 36}))
    done = shared.wait(job)
    client = s3_client(shared)
    keys = [
        entry["Key"]
        for entry in client.list_objects_v2(
            Bucket="spool", Prefix=f"exports/local/{job}/requests/"
        )["Contents"]
    ]
    before = client.head_object(Bucket="spool", Key=f"exports/local/{job}/output.mp4")
    for key in keys:
        event = {
            "Records": [
                {
                    "eventVersion": "2.1",
                    "eventSource": "aws:s3",
                    "eventName": "ObjectCreated:Put",
                    "s3": {
                        "bucket": {"name": "spool"},
                        "object": {"key": key, "size": 1, "eTag": "x", "sequencer": "1"},
                    },
                }
            ]
        }
        function = "stitch-export" if key.endswith(".stitch.json") else "render-chunk"
        answer = shared.call("POST", f"/2015-03-31/functions/{function}/invocations", event)
        assert answer.status == 200
        assert answer.headers.get("X-Amz-Function-Error") is None

    after = client.head_object(Bucket="spool", Key=f"exports/local/{job}/output.mp4")
    assert after["ETag"] == before["ETag"]
    assert after["LastModified"] == before["LastModified"]
    assert shared.status(job)["finishedAt"] == done["finishedAt"]


def test_a_file_that_is_not_media_is_refused_at_upload(shared, tmp_path):
    path = tmp_path / "novel.mp4"
    path.write_bytes(b"It was a dark and stormy night. " * 4000)
    grant = shared.call(
        "POST",
        "/api/upload/init",
        {"filename": path.name, "contentType": "video/mp4", "size": path.stat().st_size},
    ).json()
    conftest.http("PUT", grant["uploadUrl"], path.read_bytes(), grant["headers"])
    done = shared.call("POST", "/api/upload/complete", {"assetId": grant["assetId"]})

    assert done.status == 422
    assert done.json()["errors"][0]["pointer"] == "/assetId"
    refused = shared.call("POST", "/api/export", conftest.single(grant["assetId"], 1))
    assert refused.status == 400
    assert "not usable" in refused.json()["errors"][0]["detail"]


def replace(shared, asset, body):
    """Overwrites or deletes (None) the raw upload without the API."""
    client = s3_client(shared)
    key = client.list_objects_v2(Bucket="spool", Prefix=f"uploads/local/{asset}/")["Contents"][0][
        "Key"
    ]
    if body is None:
        client.delete_object(Bucket="spool", Key=key)
    else:
        client.put_object(Bucket="spool", Key=key, Body=body, ContentType="video/mp4")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (None, ["no longer exists"]),
        # The bytes of a file that is no media are deleted, before or after the renderer looks.
        (b"not media any more", ["replaced", "no longer exists"]),
    ],
)
def test_a_source_that_vanishes_or_changes_fails_the_job(emulator, media, body, words):
    asset = emulator.upload(media / "slow.mp4")
    # Two renderers are busy with a first export, so the second one waits.
    first = emulator.start_export(conftest.single(asset, 20, crf=10, preset="slow"))
    wait_until("FFmpeg", lambda: ffmpeg_processes(emulator))
    second = emulator.start_export(conftest.single(asset, 10, crf=30))
    replace(emulator, asset, body)
    emulator.call("DELETE", f"/api/export/{first}")

    status = emulator.wait(second)
    assert status["state"] == "failed"
    assert asset in status["error"] and any(word in status["error"] for word in words)


def test_a_truncated_source_is_used_up_to_its_end(shared, media, tmp_path):
    whole = tmp_path / "whole.mp4"
    conftest.ffmpeg("-i", media / "slow.mp4", "-c", "copy", "-movflags", "+faststart", whole)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    asset = shared.upload(cut)

    # The probe finds what is there: a longer clip is refused, a shorter one has every frame.
    refused = shared.call("POST", "/api/export", conftest.single(asset, 20, crf=35))
    assert refused.status == 400
    assert "but the source has only" in refused.json()["errors"][0]["detail"]
    status = shared.wait(shared.start_export(conftest.single(asset, 5, crf=35)))
    assert status["state"] == "completed", status
    assert any(warning["code"] == "cutOff" for warning in status["warnings"])


def test_a_chunk_at_its_time_limit_keeps_its_finished_part(tmp_path, media):
    """FFmpeg reads as slowly as a film plays, and a function has twenty seconds."""
    program = tmp_path / "slow-ffmpeg"
    program.write_text("""#!/bin/sh
case "$*" in *libx264*)
    n=$#
    while [ "$n" -gt 0 ]; do
        a=$1; shift; n=$((n - 1))
        [ "$a" = -i ] && set -- "$@" -re
        set -- "$@" "$a"
    done ;;
esac
exec /usr/bin/ffmpeg "$@"
""")
    program.chmod(0o755)
    functions = json.loads((conftest.ROOT / "infra/functions.json").read_text())
    for function in functions["functions"]:
        if function["name"] == "render-chunk":
            function["timeoutSeconds"] = 20
    catalogue = tmp_path / "functions.json"
    catalogue.write_text(json.dumps(functions))
    emulator = Emulator(tmp_path / "data", functions=catalogue, SPOOL_FFMPEG=str(program)).start()
    try:
        asset = emulator.upload(media / "slow.mp4")
        edit = conftest.single(asset, 20, crf=30, chunkSeconds=20)
        status = emulator.wait(emulator.start_export(edit))
        assert status["state"] == "completed", status
        # The finished part comes first; no other part is longer.
        first, *rest = status["chunks"]
        assert rest and 0 < first["end"] < 600
        # The record of a split names the chunk and its finished part.
        assert [r for r in emulator.log_records() if {"chunk", "finished"} <= r.keys()]
        assert all(part["end"] - part["start"] <= first["end"] for part in rest)
        assert status["check"]["frames"] == 600
        film = emulator.download(status, tmp_path / "film.mp4")
        assert len(conftest.frame_hashes(film)) == 600
    finally:
        emulator.stop()
