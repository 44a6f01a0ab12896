"""What people upload: from the upload to the export, its status and its warnings."""

import array
import itertools
import json
import struct
import subprocess

import conftest

VIDEO = ("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=1")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def intake(shared, path, **fields):
    """Uploads a file without a type and returns the asset's document."""
    grant = shared.call(
        "POST",
        "/api/upload/init",
        {"filename": path.name, "size": path.stat().st_size} | fields,
    )
    assert grant.status == 200, grant.body
    grant = grant.json()
    put = conftest.http("PUT", grant["uploadUrl"], path.read_bytes(), grant["headers"])
    assert put.status == 200, put.body
    answer = shared.call("POST", "/api/upload/complete", {"assetId": grant["assetId"]})
    assert answer.status == 200, answer.body
    return answer.json()


def edit(asset, kind="video", below=None, **output):
    clip = {"asset": {"type": kind, "assetId": asset["id"]}, "start": 0}
    if kind == "image":
        clip |= {"length": 0.2, "fit": "contain"}
    tracks = [{"clips": [clip]}]
    if below:
        tracks.append(
            {"clips": [{"asset": {"type": "color", "color": below}, "start": 0, "length": 0.4}]}
        )
    return {
        "timeline": {"tracks": tracks},
        "output": {"size": {"width": 64, "height": 48}, "fps": 25} | output,
    }


def codes(document):
    return [warning["code"] for warning in document.get("warnings", [])]


def exported(shared, request, path):
    job = shared.start_export(request)
    status = shared.wait(job)
    assert status["state"] == "completed", status
    return status, shared.download(status, path)


def test_a_browsers_recording_has_its_length_and_says_how(shared, tmp_path):
    path = tmp_path / "live.webm"
    conftest.ffmpeg(*VIDEO, "-c:v", "libvpx", "-f", "webm", "-live", "1", path)

    asset = intake(shared, path)
    status, film = exported(shared, edit(asset), tmp_path / "o.mp4")

    assert asset["metadata"]["duration"] == 1
    assert codes(asset) == ["lengthMeasured"]
    assert codes(status) == ["lengthMeasured"]
    assert status["warnings"][0]["assetId"] == asset["id"]
    assert len(conftest.frame_hashes(film)) == 25


def test_a_transparent_webm_shows_what_is_below(shared, tmp_path):
    path = tmp_path / "alpha.webm"
    conftest.ffmpeg(
        *("-f", "lavfi", "-i", "color=black@0:s=64x48:r=25:d=0.4,format=yuva420p"),
        *("-c:v", "libvpx-vp9", "-auto-alt-ref", "0", "-cpu-used", "8", path),
    )

    asset = intake(shared, path)
    _, film = exported(shared, edit(asset, below="#00ff00"), tmp_path / "o.mp4")

    assert asset["metadata"]["hasAlpha"] is True
    pixel = subprocess.check_output(
        [
            *("ffmpeg", "-v", "error", "-i", film, "-frames:v", "1"),
            *("-vf", "crop=2:2:4:4,scale=1:1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"),
        ]
    )
    assert pixel[0] < 10 and pixel[1] > 240 and pixel[2] < 10, pixel


def test_a_turned_photo_has_its_own_box(shared, tmp_path):
    plain = tmp_path / "plain.jpg"
    conftest.ffmpeg(*VIDEO, "-frames:v", "1", "-q:v", "2", plain)
    bytes_ = plain.read_bytes()
    entry = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + entry
    path = tmp_path / "turned.jpg"
    path.write_bytes(
        bytes_[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + bytes_[2:]
    )

    asset = intake(shared, path)

    metadata = asset["metadata"]
    assert (metadata["width"], metadata["height"], metadata["rotation"]) == (48, 64, 90)


def test_audio_without_a_header_is_as_long_as_it_is(shared, tmp_path):
    path = tmp_path / "noise.aac"
    noise = "anoisesrc=d=4:a=0.4,volume='if(lt(t,2),0,1)':eval=frame"
    conftest.ffmpeg("-f", "lavfi", "-i", noise, path)

    asset = intake(shared, path)
    status, _ = exported(shared, edit(asset, "audio", format="wav"), tmp_path / "o.wav")

    assert abs(status["duration"] - 4) < 0.05
    assert codes(status) == ["lengthMeasured"]


def test_an_audio_track_is_chosen(shared, tmp_path):
    path = tmp_path / "two.mkv"
    tones = [("-f", "lavfi", "-i", f"sine={rate}:d=1") for rate in (220, 880)]
    maps = ("-map", "0", "-map", "1", "-map", "2")
    conftest.ffmpeg(*VIDEO, *tones[0], *tones[1], *maps, *H264, "-c:a", "flac", path)
    asset = intake(shared, path)

    def crossings(track):
        request = edit(asset, format="wav")
        if track is not None:
            request["timeline"]["tracks"][0]["clips"][0]["asset"]["audioTrack"] = track
        _, file = exported(shared, request, tmp_path / f"{track}.wav")
        samples = array.array("f", conftest.audio_samples(file))[::2][4000:28000]
        return sum(a < 0 <= b for a, b in itertools.pairwise(samples))

    assert [track["isDefault"] for track in asset["metadata"]["audioTracks"]] == [True, False]
    assert abs(crossings(None) - 110) < 3
    assert abs(crossings(0) - 110) < 3
    assert abs(crossings(1) - 440) < 4
    request = edit(asset)
    request["timeline"]["tracks"][0]["clips"][0]["asset"]["audioTrack"] = 2
    answer = shared.call("POST", "/api/export", request)
    assert answer.status == 400
    assert answer.json()["errors"][0]["pointer"].endswith("/asset/audioTrack")


def test_a_file_whose_type_no_browser_knows_is_accepted(shared, tmp_path):
    path = tmp_path / "clip.flv"
    conftest.ffmpeg(*VIDEO, "-c:v", "flv1", path)
    nameless = tmp_path / "clip"
    nameless.write_bytes(path.read_bytes())

    for file in (path, nameless):
        for fields in ({}, {"contentType": ""}, {"contentType": "application/octet-stream"}):
            assert intake(shared, file, **fields)["status"] == "ready"
    answer = shared.call("GET", "/api/uppy/s3/params?filename=clip.mts&type=")
    assert answer.status == 200
    assert answer.json()["headers"]["content-type"] == "video/mp2t"


def test_warnings_reach_the_command_line(shared, tmp_path):
    path = tmp_path / "live.webm"
    conftest.ffmpeg(*VIDEO, "-c:v", "libvpx", "-f", "webm", "-live", "1", path)
    request = tmp_path / "e.json"
    request.write_text(json.dumps(edit({"id": "a"})))

    run = subprocess.run(
        [
            *(conftest.BIN / "spool", "--api", shared.api, "export", request),
            *("--asset", f"a={path}", "-o", tmp_path / "o.mp4"),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert run.returncode == 0, run.stderr
    assert "Warning: The file states no length; its packets last 1 s." in run.stderr


def test_damage_in_the_middle_is_said_once_and_again_from_the_cache(shared, tmp_path):
    path = tmp_path / "damaged.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=2")
    conftest.ffmpeg(*source, "-c:v", "libx264", "-pix_fmt", "yuv420p", path)
    bytes_ = bytearray(path.read_bytes())
    middle = len(bytes_) // 2
    bytes_[middle : middle + 400] = bytes(range(200)) * 2
    path.write_bytes(bytes_)
    asset = intake(shared, path)

    first, _ = exported(shared, edit(asset), tmp_path / "1.mp4")
    again, _ = exported(shared, edit(asset), tmp_path / "2.mp4")

    assert codes(first) == codes(again) == ["damaged"], (first, again)
    assert again["usage"]["cachedChunks"] == 1
    assert first["warnings"][0]["from"] == 0 and first["warnings"][0]["to"] == 2
