"""Every format: the right file, type and name, through the whole back end."""
import json
import subprocess

import boto3
import conftest
import pytest


def probe(path):
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path],
        check=True, capture_output=True, text=True).stdout
    return json.loads(out)


def export(shared, edit):
    status = shared.wait(shared.start_export(edit))
    assert status["state"] == "completed", status
    answer = conftest.http("GET", status["downloadUrl"])
    assert answer.status == 200
    assert len(answer.body) == status["size"]
    return status, answer


@pytest.mark.parametrize("output, extension, content_type, codecs", [
    ({"codec": "hevc"}, "mp4", "video/mp4", ["hevc", "aac"]),
    ({"codec": "av1"}, "mp4", "video/mp4", ["av1", "aac"]),
    ({"format": "webm"}, "webm", "video/webm", ["vp9", "opus"]),
    ({"format": "mov"}, "mov", "video/quicktime", ["prores", "pcm_s24le"]),
    ({"format": "m4a"}, "m4a", "audio/mp4", ["aac"]),
    ({"format": "mp3"}, "mp3", "audio/mpeg", ["mp3"]),
    ({"format": "wav"}, "wav", "audio/wav", ["pcm_s16le"]),
    ({"format": "gif", "fps": 10}, "gif", "image/gif", ["gif"]),
    ({"format": "png", "at": 5.5}, "png", "image/png", ["png"]),
    ({"format": "jpg", "at": 0}, "jpg", "image/jpeg", ["mjpeg"]),
])
def test_a_format(shared, assets, tmp_path, output, extension, content_type, codecs):
    edit = conftest.timeline(assets, chunkSeconds=3, preset="ultrafast", **output)
    status, answer = export(shared, edit)
    path = tmp_path / f"out.{extension}"
    path.write_bytes(answer.body)

    assert answer.headers["Content-Type"] == status["contentType"] == content_type
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{status["jobId"]}.{extension}"')
    found = probe(path)
    assert [stream["codec_name"] for stream in found["streams"]] == codecs
    frames = {"gif": 100, "png": 1, "jpg": 1, "m4a": 0, "mp3": 0, "wav": 0}.get(extension, 300)
    assert status["frames"]["total"] == frames
    assert status["check"]["frames"] == frames
    if frames:
        assert len(conftest.frame_hashes(path)) == frames
    if extension not in ("png", "jpg"):
        assert abs(float(found["format"]["duration"]) - 10.01) < 0.08


def test_a_sound_file_uses_the_film_s_sound(shared, assets):
    edit = conftest.timeline(assets, chunkSeconds=3, crf=30)
    export(shared, edit)
    edit["output"]["format"] = "m4a"
    status, _ = export(shared, edit)

    client = boto3.client(
        "s3", endpoint_url=shared.s3, aws_access_key_id="spool",
        aws_secret_access_key="spool-secret", region_name="us-east-1")
    receipt = client.get_object(
        Bucket="spool", Key=f"exports/local/{status['jobId']}/receipts/audio.json")["Body"].read()
    assert json.loads(receipt)["cached"] is True
