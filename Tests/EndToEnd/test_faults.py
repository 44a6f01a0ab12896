"""What is killed, cancelled, sent twice or fed rubbish ends well."""
import json
import subprocess
import time

import boto3
import conftest
import pytest
from conftest import Emulator


def ffmpeg_processes(emulator):
    """FFmpeg processes whose scratch folder is this emulator's."""
    out = subprocess.run(["pgrep", "-ax", "ffmpeg"], capture_output=True, text=True).stdout
    return [line for line in out.splitlines() if str(emulator.data) in line
            or emulator.s3 in line]


def test_a_killed_emulator_finishes_the_export_after_a_restart(tmp_path, media, gate):
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    asset = emulator.upload(media / "slow.mp4")
    edit = conftest.single(asset, 20, codec="lossless", chunkSeconds=4)
    gate.hold("trim=start_pts=240:")
    job = emulator.start_export(edit)
    emulator.wait_until(lambda: emulator.status(job)["frames"]["done"] > 0)
    emulator.kill()
    gate.open()

    restarted = Emulator(tmp_path / "data").start()
    try:
        status = restarted.wait(job)
        assert status["state"] == "completed", status
        broken = conftest.frame_hashes(restarted.download(status, tmp_path / "broken.mp4"))
        # An undisturbed export of its own content addresses: other chunks.
        whole = restarted.wait(restarted.start_export(
            conftest.single(asset, 20, codec="lossless", chunkSeconds=20)))
        assert broken == conftest.frame_hashes(
            restarted.download(whole, tmp_path / "whole.mp4"))
        assert len(broken) == 600
    finally:
        restarted.stop()


def test_a_stopped_emulator_goes_on_after_a_restart(tmp_path, media, gate):
    """SIGTERM in the middle of an export: exit 0 in time, nothing lost."""
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    asset = emulator.upload(media / "slow.mp4")
    gate.hold("trim=start_pts=270:")
    job = emulator.start_export(conftest.single(asset, 12, crf=18, chunkSeconds=3))
    emulator.wait_until(lambda: emulator.status(job)["frames"]["done"] > 0)
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


def test_functions_that_are_killed_are_started_again(emulator, media, tmp_path):
    asset = emulator.upload(media / "slow.mp4")
    lossless = {"codec": "lossless", "size": {"width": 320, "height": 180}}
    job = emulator.start_export(conftest.single(asset, 10, chunkSeconds=1, **lossless))
    killed = 0
    for _ in range(3):
        # The functions are the emulator's only children.
        children = subprocess.run(
            ["pgrep", "-P", str(emulator.process.pid)], capture_output=True, text=True)
        for child in children.stdout.split():
            killed += subprocess.run(["kill", "-9", child], check=False).returncode == 0
        time.sleep(0.4)
    assert killed > 0

    status = emulator.wait(job)
    assert status["state"] == "completed", status
    broken = conftest.frame_hashes(emulator.download(status, tmp_path / "broken.mp4"))
    whole = emulator.wait(
        emulator.start_export(conftest.single(asset, 10, chunkSeconds=10, **lossless)))
    assert broken == conftest.frame_hashes(emulator.download(whole, tmp_path / "whole.mp4"))


def test_a_killed_ffmpeg_is_tried_again(emulator, media):
    asset = emulator.upload(media / "slow.mp4")
    job = emulator.start_export(conftest.single(asset, 20, chunkSeconds=5))
    running = emulator.wait_until(lambda: ffmpeg_processes(emulator))
    for line in running:
        subprocess.run(["kill", "-9", line.split()[0]], check=False)

    status = emulator.wait(job)
    assert status["state"] == "completed", status
    assert status["check"]["frames"] == 600


def test_a_cancelled_export_has_no_ffmpeg_two_seconds_later(emulator, media):
    asset = emulator.upload(media / "slow.mp4")
    job = emulator.start_export(conftest.single(asset, 20, crf=1, preset="veryslow"))
    emulator.wait_until(lambda: ffmpeg_processes(emulator))
    answer = emulator.call("DELETE", f"/api/export/{job}")
    assert answer.status == 200
    assert answer.json()["state"] == "cancelled"

    time.sleep(2)
    assert ffmpeg_processes(emulator) == []
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


def test_events_that_come_twice_change_nothing(shared, assets):
    job = shared.start_export(conftest.single(assets["a"], 2, size={"width": 64, "height": 36}))
    done = shared.wait(job)
    client = boto3.client(
        "s3", endpoint_url=shared.s3, aws_access_key_id="spool",
        aws_secret_access_key="spool-secret", region_name="us-east-1")
    keys = [entry["Key"] for entry in client.list_objects_v2(
        Bucket="spool", Prefix=f"exports/local/{job}/requests/")["Contents"]]
    before = client.head_object(Bucket="spool", Key=f"exports/local/{job}/output.mp4")
    for key in keys:
        event = {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3",
                              "eventName": "ObjectCreated:Put",
                              "s3": {"bucket": {"name": "spool"},
                                     "object": {"key": key, "size": 1, "eTag": "x",
                                                "sequencer": "1"}}}]}
        function = "stitch-export" if key.endswith(".stitch.json") else "render-chunk"
        answer = shared.call(
            "POST", f"/2015-03-31/functions/{function}/invocations", event)
        assert answer.status == 200
        assert answer.headers.get("X-Amz-Function-Error") is None

    after = client.head_object(Bucket="spool", Key=f"exports/local/{job}/output.mp4")
    assert after["ETag"] == before["ETag"]
    assert after["LastModified"] == before["LastModified"]
    assert shared.status(job)["finishedAt"] == done["finishedAt"]


def test_media_that_is_not_media_is_refused_at_once(shared, tmp_path):
    path = tmp_path / "novel.mp4"
    path.write_bytes(b"It was a dark and stormy night. " * 4000)
    grant = shared.call("POST", "/api/upload/init", {
        "filename": path.name, "contentType": "video/mp4", "size": path.stat().st_size}).json()
    conftest.http("PUT", grant["uploadUrl"], path.read_bytes(), grant["headers"])
    done = shared.call("POST", "/api/upload/complete", {"assetId": grant["assetId"]})

    assert done.status == 422
    assert done.json()["errors"][0]["pointer"] == "/assetId"
    refused = shared.call("POST", "/api/export", conftest.single(grant["assetId"], 1))
    assert refused.status == 400
    assert "not usable" in refused.json()["errors"][0]["detail"]


def replace(shared, asset, body):
    """Overwrites or deletes (None) the raw upload behind the API's back."""
    client = boto3.client(
        "s3", endpoint_url=shared.s3, aws_access_key_id="spool",
        aws_secret_access_key="spool-secret", region_name="us-east-1")
    key = client.list_objects_v2(
        Bucket="spool", Prefix=f"uploads/local/{asset}/")["Contents"][0]["Key"]
    if body is None:
        client.delete_object(Bucket="spool", Key=key)
    else:
        client.put_object(Bucket="spool", Key=key, Body=body, ContentType="video/mp4")


@pytest.mark.parametrize("body,words", [
    (None, "gone"), (b"not media any more", "replaced")])
def test_a_source_that_vanishes_or_changes_fails_the_job(emulator, media, body, words):
    asset = emulator.upload(media / "slow.mp4")
    # Two renderers are busy with a first export, so the second one waits.
    first = emulator.start_export(conftest.single(asset, 20, crf=10, preset="slow"))
    emulator.wait_until(lambda: ffmpeg_processes(emulator))
    second = emulator.start_export(conftest.single(asset, 10, crf=30))
    replace(emulator, asset, body)
    emulator.call("DELETE", f"/api/export/{first}")

    status = emulator.wait(second)
    assert status["state"] == "failed"
    assert asset in status["error"] and words in status["error"]


def test_a_source_that_is_cut_short_fails_the_job(shared, media, tmp_path):
    whole = tmp_path / "whole.mp4"
    conftest.ffmpeg("-i", media / "slow.mp4", "-c", "copy", "-movflags", "+faststart", whole)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    asset = shared.upload(cut)

    status = shared.wait(shared.start_export(conftest.single(asset, 20, crf=35)))
    assert status["state"] == "failed"
    assert asset in status["error"], status["error"]
    # Whoever asks again gets the same answer, and nothing runs any more.
    assert shared.status(status["jobId"]) == status


def test_a_chunk_that_runs_out_of_time_keeps_what_it_has(tmp_path, media):
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
    emulator = Emulator(
        tmp_path / "data", functions=catalogue, SPOOL_FFMPEG=str(program)).start()
    try:
        asset = emulator.upload(media / "slow.mp4")
        edit = conftest.single(asset, 20, crf=30, chunkSeconds=20)
        status = emulator.wait(emulator.start_export(edit))
        assert status["state"] == "completed", status
        # What was finished, and the rest in parts of no more.
        first, *rest = status["chunks"]
        assert rest and 0 < first["end"] < 600
        assert "Finished frames salvaged" in (tmp_path / "data.log").read_text()
        assert all(part["end"] - part["start"] <= first["end"] for part in rest)
        assert status["check"]["frames"] == 600
        film = emulator.download(status, tmp_path / "film.mp4")
        assert len(conftest.frame_hashes(film)) == 600
    finally:
        emulator.stop()
