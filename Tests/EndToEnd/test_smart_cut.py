"""A multicam export whose unchanged frames are copied."""

import subprocess

import pytest
from playwright.sync_api import sync_playwright

from conftest import ffmpeg


@pytest.fixture(scope="module")
def cameras(shared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cameras")
    assets = {}
    for index, name in enumerate("ABC"):
        path = folder / f"{name}.mp4"
        ffmpeg(
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=640x360:r=25:d=24",
            "-f",
            "lavfi",
            "-i",
            f"sine={300 + 200 * index}:r=48000:d=24",
            "-vf",
            f"hue=h={index * 90},noise=alls=4:allf=t,format=yuv420p",
            "-c:v",
            "libx264",
            "-preset",
            "veryfast",
            "-g",
            "50",
            "-sc_threshold",
            "0",
            "-profile:v",
            ["high", "main", "high"][index],
            "-bf",
            ["3", "2", "0"][index],
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
        assets[name] = (path, shared.upload(path))
    return assets


def hashes(path):
    text = subprocess.run(
        [
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-xerror",
            "-i",
            path,
            "-map",
            "0:v",
            "-fps_mode",
            "passthrough",
            "-f",
            "framemd5",
            "-",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert text.stderr == ""
    return [line.split(",")[5].strip() for line in text.stdout.splitlines() if line[0] != "#"]


def test_copied_frames_equal_the_camera_frames_and_play_in_a_browser(shared, cameras, tmp_path):
    switches = [(0, "A"), (4.2, "B"), (9, "C"), (13.4, "A"), (17, "B")]
    answer = shared.call(
        "POST",
        "/api/export",
        {
            "timeline": {
                "tracks": [
                    {
                        "clips": [
                            {
                                "asset": {
                                    "type": "multicam",
                                    "angles": {name: asset for name, (_, asset) in cameras.items()},
                                    "switches": [
                                        {"at": at, "angle": angle} for at, angle in switches
                                    ],
                                    "audio": "A",
                                },
                                "length": 20,
                            }
                        ]
                    }
                ]
            },
            "output": {
                "resolution": "source",
                "fps": "source",
                "smartCut": True,
                "preset": "ultrafast",
            },
        },
    ).json()
    assert {chunk["rendering"] for chunk in answer["chunks"]} == {"copy"}
    assert sum(chunk["end"] - chunk["start"] for chunk in answer["chunks"]) == 500
    status = shared.wait(answer["jobId"])
    assert status["state"] == "completed", status
    film = tmp_path / "film.mp4"
    shared.download(status, film)

    found = hashes(film)
    assert len(found) == 500
    sources = {name: hashes(path) for name, (path, _) in cameras.items()}
    starts = [round(at * 25) for at, _ in switches] + [500]
    copied = sum(
        found[n] == sources[name][n]
        for (_, name), first, end in zip(switches, starts, starts[1:], strict=False)
        for n in range(first, end)
    )
    # Only heads up to the next keyframe (2 s apart) and the reordered tails
    # are encoded again.
    heads = sum(-first % 50 for first in starts[:-1])
    assert copied >= 500 - heads - 5 * 4
    assert status["usage"]["copiedFrames"] == copied
    assert "encodedBecause" not in status["usage"]

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.set_content("<video muted></video>")
        state = page.evaluate(
            """async url => {
                const video = document.querySelector('video');
                video.src = url; video.playbackRate = 8;
                await new Promise((done, fail) => {
                    video.onended = done;
                    video.onerror = () => fail(new Error(video.error.message));
                    video.play().catch(fail);
                });
                const quality = video.getVideoPlaybackQuality();
                return {time: video.currentTime, error: video.error && video.error.message,
                        corrupted: quality.corruptedVideoFrames || 0};
            }""",
            status["downloadUrl"],
        )
        browser.close()
    assert state["error"] is None
    assert state["corrupted"] == 0
    assert state["time"] == pytest.approx(20, abs=0.1)
