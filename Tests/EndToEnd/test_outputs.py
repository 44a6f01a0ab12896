"""Every format: the right file, type and name, through the whole back end."""

import json
import subprocess

import pytest

import conftest
from store_clients import s3_client
from waiting import wait_until


def probe(path):
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", path],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return json.loads(out)


def export(shared, edit):
    status = shared.wait(shared.start_export(edit))
    assert status["state"] == "completed", status
    answer = conftest.http("GET", status["downloadUrl"])
    assert answer.status == 200
    assert len(answer.body) == status["size"]
    return status, answer


@pytest.mark.parametrize(
    ("output", "extension", "content_type", "codecs"),
    [
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
    ],
)
def test_a_format(shared, assets, tmp_path, output, extension, content_type, codecs):
    edit = conftest.timeline(assets, chunkSeconds=3, preset="ultrafast", **output)
    status, answer = export(shared, edit)
    path = tmp_path / f"out.{extension}"
    path.write_bytes(answer.body)

    assert answer.headers["Content-Type"] == status["contentType"] == content_type
    assert answer.headers["Content-Disposition"] == (
        f'attachment; filename="{status["jobId"]}.{extension}"'
    )
    found = probe(path)
    assert [stream["codec_name"] for stream in found["streams"]] == codecs
    frames = {"gif": 100, "png": 1, "jpg": 1, "m4a": 0, "mp3": 0, "wav": 0}.get(extension, 300)
    assert status["frames"]["total"] == frames
    assert status["check"]["frames"] == frames
    if frames:
        assert len(conftest.frame_hashes(path)) == frames
    if extension not in ("png", "jpg"):
        assert abs(float(found["format"]["duration"]) - 10.01) < 0.08


def test_an_audio_export_reuses_the_audio_of_the_film(shared, assets):
    edit = conftest.timeline(assets, chunkSeconds=3, crf=30)
    export(shared, edit)
    edit["output"]["format"] = "m4a"
    status, _ = export(shared, edit)

    client = s3_client(shared)
    receipt = client.get_object(
        Bucket="spool", Key=f"exports/local/{status['jobId']}/receipts/audio.json"
    )["Body"].read()
    assert json.loads(receipt)["cached"] is True


def test_several_outputs_of_one_edit_equal_separate_exports(emulator, media, tmp_path):
    """A shared decoder leaves the bytes of each output unchanged."""
    asset = emulator.upload(media / "a.mp4")
    wanted = [
        {"size": {"width": 320, "height": 180}},
        {"size": {"width": 96, "height": 54}, "crf": 30},
        {"format": "webm", "size": {"width": 160, "height": 90}},
        {"format": "mp3"},
    ]
    edit = conftest.single(asset, 5, chunkSeconds=2, preset="ultrafast", fps=25)
    edit["outputs"] = wanted
    answer = emulator.call("POST", "/api/export", edit)
    assert answer.status == 202, answer.body
    jobs = answer.json()["jobs"]
    first = jobs[0]["jobId"]
    assert [(job["output"], job["format"], job.get("renderedWith")) for job in jobs] == [
        (0, "mp4", None),
        (1, "mp4", first),
        (2, "webm", first),
        (3, "mp3", None),
    ]

    files = []
    for index, job in enumerate(jobs):
        status = emulator.wait(job["jobId"])
        assert status["state"] == "completed", status
        files.append(emulator.download(status, tmp_path / f"{index}.{job['format']}"))
        # The first output rendered the frames for all.
        assert status["usage"]["renderedFrames"] == (125 if index == 0 else 0)
    # Another cache, so each is rendered again.
    for chunk in s3_client(emulator).list_objects_v2(Bucket="spool", Prefix="cache/")["Contents"]:
        s3_client(emulator).delete_object(Bucket="spool", Key=chunk["Key"])
    for index, output in enumerate(wanted):
        alone = conftest.single(asset, 5, chunkSeconds=2, preset="ultrafast", fps=25)
        alone["output"] |= output
        status = emulator.wait(emulator.start_export(alone))
        assert status["state"] == "completed", status
        path = emulator.download(status, tmp_path / f"alone-{index}")
        assert path.read_bytes() == files[index].read_bytes(), output


def test_a_cancelled_output_leaves_the_others_running(emulator, media, tmp_path):
    """The cancelled output is the one that renders for both."""
    asset = emulator.upload(media / "slow.mp4")
    edit = conftest.single(asset, 12, chunkSeconds=6)
    edit["outputs"] = [{"preset": "veryslow", "crf": 1}, {"size": {"width": 64, "height": 36}}]
    jobs = [job["jobId"] for job in emulator.call("POST", "/api/export", edit).json()["jobs"]]
    wait_until("rendering of the second", lambda: emulator.status(jobs[1])["state"] == "rendering")
    assert emulator.status(jobs[1])["frames"]["total"] == 360
    assert emulator.call("DELETE", f"/api/export/{jobs[0]}").status == 200

    status = emulator.wait(jobs[1], seconds=90)
    assert status["state"] == "completed", status
    assert len(conftest.frame_hashes(emulator.download(status, tmp_path / "small.mp4"))) == 360
    assert emulator.status(jobs[0])["state"] == "cancelled"


def test_the_command_line_fetches_every_output(shared, assets, tmp_path):
    edit = conftest.single(assets["a"], 1, size={"width": 64, "height": 36})
    edit["outputs"] = [{}, {"format": "gif", "fps": 10}]
    (tmp_path / "edit.json").write_text(json.dumps(edit))
    subprocess.run(
        [
            conftest.BIN / "spool",
            "export",
            tmp_path / "edit.json",
            "-o",
            tmp_path / "film.mp4",
            "--api",
            shared.api,
        ],
        check=True,
        capture_output=True,
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "edit.json",
        "film-1.mp4",
        "film-2.gif",
    ]
    assert len(conftest.frame_hashes(tmp_path / "film-2.gif")) == 10
