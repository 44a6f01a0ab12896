"""Multicam, clips, variations and OpenTimelineIO, from the request to the frames."""

import subprocess

import pytest

from conftest import ffmpeg

LOSSLESS = {
    "size": {"width": 160, "height": 96},
    "fps": 25,
    "codec": "lossless",
    "preset": "ultrafast",
    "chunkSeconds": 1,
}


@pytest.fixture(scope="module")
def angles(shared, tmp_path_factory):
    """Three cameras of 6 s: each of one colour, a frame's number in its luma."""
    folder = tmp_path_factory.mktemp("angles")
    assets = {}
    for name, (u, v, tone) in {
        "A": (90, 90, 300),
        "B": (128, 190, 500),
        "C": (190, 128, 700),
    }.items():
        path = folder / f"{name}.mp4"
        ffmpeg(
            "-f",
            "lavfi",
            "-i",
            f"nullsrc=s=160x96:r=25:d=6,format=yuv420p,geq=lum='40+N':cb={u}:cr={v}",
            "-f",
            "lavfi",
            "-i",
            f"sine={tone}:r=48000:d=6",
            "-c:v",
            "libx264",
            "-qp",
            "0",
            "-preset",
            "ultrafast",
            "-g",
            "25",
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
            "-c:a",
            "aac",
            path,
        )
        assets[name] = shared.upload(path)
    return assets


def planes(path, frames):
    """Luma, blue and red difference of the middle of each frame."""
    raw = subprocess.run(
        [
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-i",
            path,
            "-vf",
            "crop=2:2:80:48",
            "-pix_fmt",
            "yuv444p",
            "-f",
            "rawvideo",
            "-",
        ],
        capture_output=True,
        check=True,
    ).stdout
    assert len(raw) == frames * 12
    return [(raw[12 * n], raw[12 * n + 4], raw[12 * n + 8]) for n in range(frames)]


def angle(pixel):
    return {(90, 90): "A", (128, 190): "B", (190, 128): "C"}[
        tuple(min((90, 128, 190), key=lambda known: abs(known - value)) for value in pixel[1:])
    ]


def test_each_frame_of_a_multicam_export_is_the_requested_one(shared, angles, tmp_path):
    switches = [
        {"at": 0, "angle": "A"},
        {"at": 0.52, "angle": "B"},
        {"at": 1.4, "angle": "C"},
        {"at": 1.44, "angle": "A"},
        {"at": 3, "angle": "B"},
    ]
    offsets = {"A": 0, "B": 0.4, "C": 1}
    job = shared.start_export(
        {
            "timeline": {
                "tracks": [
                    {
                        "clips": [
                            {
                                "asset": {
                                    "type": "multicam",
                                    "angles": angles,
                                    "offsets": offsets,
                                    "switches": switches,
                                    "audio": "A",
                                },
                                "length": 4,
                            }
                        ]
                    }
                ]
            },
            "output": LOSSLESS,
        }
    )
    status = shared.wait(job)
    assert status["state"] == "completed", status
    assert len(status["chunks"]) >= 3
    shared.download(status, tmp_path / "out.mp4")

    starts = [round(change["at"] * 25) for change in switches] + [100]
    for number, pixel in enumerate(planes(tmp_path / "out.mp4", 100)):
        shown = max(n for n in range(len(switches)) if starts[n] <= number)
        name = switches[shown]["angle"]
        assert angle(pixel) == name, number
        # The common time continues while another angle is shown.
        assert abs(pixel[0] - (40 + number + round(offsets[name] * 25))) <= 1, number


def test_a_clip_is_upright_and_exactly_its_segment(shared, angles, tmp_path):
    job = shared.start_export(
        {
            "clip": {
                "assetId": angles["B"],
                "start": 1.2,
                "end": 3.2,
                "fit": "blur",
                "captions": {"words": [{"word": "now", "start": 1.4, "end": 2}]},
                "title": "Look",
            },
            "output": {**LOSSLESS, "size": {"width": 90, "height": 160}},
        }
    )
    status = shared.wait(job)
    assert status["state"] == "completed", status
    shared.download(status, tmp_path / "clip.mp4")
    probe = subprocess.run(
        [
            "ffprobe",
            "-v",
            "error",
            "-select_streams",
            "v",
            "-show_entries",
            "stream=width,height,nb_frames",
            "-of",
            "csv=p=0",
            tmp_path / "clip.mp4",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert probe == "90,160,50"


def test_variations_differ(shared, angles, tmp_path):
    answer = shared.call(
        "POST",
        "/api/export",
        {
            "variations": {"assets": [angles["A"], angles["C"]], "count": 2, "seed": 3},
            "output": {"preset": "ultrafast"},
        },
    )
    assert answer.status == 202, answer.body
    jobs = answer.json()["jobs"]
    hashes = set()
    for job in jobs:
        status = shared.wait(job["jobId"])
        assert status["state"] == "completed", status
        path = tmp_path / f"{job['jobId']}.mp4"
        shared.download(status, path)
        hashes.add(path.read_bytes())
        tags = subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-show_entries",
                "stream=width,height,r_frame_rate:format_tags",
                "-of",
                "csv=p=0",
                path,
            ],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert "160,96,30000/1001" in tags
        assert "Lavf" not in tags and "encoder" not in tags
    assert len(jobs) == len(hashes) == 4


def test_an_opentimelineio_cut_is_rendered(shared, angles, tmp_path):
    def time(frames):
        return {"OTIO_SCHEMA": "RationalTime.1", "value": frames, "rate": 25}

    def clip(name, first, count):
        return {
            "OTIO_SCHEMA": "Clip.1",
            "source_range": {
                "OTIO_SCHEMA": "TimeRange.1",
                "start_time": time(first),
                "duration": time(count),
            },
            "media_reference": {
                "OTIO_SCHEMA": "ExternalReference.1",
                "target_url": f"file:///cards/{name}.mov",
            },
        }

    track = {
        "OTIO_SCHEMA": "Track.1",
        "kind": "Video",
        "children": [clip("A", 10, 20), clip("C", 50, 15)],
    }
    job = shared.start_export(
        {
            "otio": {
                "OTIO_SCHEMA": "Timeline.1",
                "tracks": {"OTIO_SCHEMA": "Stack.1", "children": [track]},
            },
            "media": {f"file:///cards/{name}.mov": asset for name, asset in angles.items()},
            "output": LOSSLESS,
        }
    )
    status = shared.wait(job)
    assert status["state"] == "completed", status
    shared.download(status, tmp_path / "cut.mp4")
    pixels = planes(tmp_path / "cut.mp4", 35)
    assert [angle(pixel) for pixel in pixels] == ["A"] * 20 + ["C"] * 15
    assert all(abs(pixel[0] - (50 + n)) <= 1 for n, pixel in enumerate(pixels[:20]))
    assert all(abs(pixel[0] - (90 + n)) <= 1 for n, pixel in enumerate(pixels[20:]))
