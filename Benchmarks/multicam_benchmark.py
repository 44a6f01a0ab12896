#!/usr/bin/env python3
"""A multicam export with smart cut compared with the same export without.

Three cameras of MINUTES (10) in 1080p, SWITCHES (40) changes. Prints wall and
CPU time of both through the emulator, encoded frames over the minimum (each
head up to its next keyframe), and if every copied frame equals the camera's. A
camera has a keyframe every GOP frames (60) and BFRAMES (3) B-frames between two
others.
Usage: multicam_benchmark.py [MINUTES [SWITCHES [GOP [BFRAMES]]]]
"""

import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402

RATE = 30
GOP, BFRAMES = (int(text) for text in (sys.argv[3:5] + ["60", "3"][len(sys.argv[3:5]) :]))


def make_cameras(folder, seconds):
    """A minute of noise at 8 Mbit/s, repeated without encoding."""
    paths = {}
    for index, name in enumerate("ABC"):
        minute, path = folder / f"{name}-minute.mp4", folder / f"{name}.mp4"
        conftest.ffmpeg(
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s=1920x1080:r={RATE}:d=60",
            "-vf",
            f"hue=h={index * 100},noise=alls=8:allf=t,format=yuv420p",
            "-c:v",
            "libx264",
            "-preset",
            "superfast",
            "-b:v",
            "8M",
            "-maxrate",
            "10M",
            "-bufsize",
            "16M",
            "-g",
            GOP,
            "-bf",
            BFRAMES,
            "-sc_threshold",
            "0",
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
            minute,
        )
        conftest.ffmpeg(
            "-stream_loop",
            seconds // 60 - 1,
            "-i",
            minute,
            "-f",
            "lavfi",
            "-i",
            f"sine={300 + 100 * index}:r=48000:d={seconds}",
            "-c:v",
            "copy",
            "-c:a",
            "aac",
            "-ac",
            "2",
            "-movflags",
            "+faststart",
            path,
        )
        minute.unlink()
        paths[name] = path
    return paths


def switches(seconds, count):
    """Seeded changes, at least three seconds apart, never to the same angle."""
    rng = random.Random(7)
    spacing = seconds / count
    last, result = "A", [{"at": 0, "angle": "A"}]
    for number in range(1, count):
        at = spacing * number + rng.uniform(-0.3, 0.3) * spacing
        last = rng.choice([name for name in "ABC" if name != last])
        result.append({"at": round(at, 3), "angle": last})
    return result


def hashes(path, first=0, count=None):
    """MD5 of decoded frames, in order."""
    limit = ["-frames:v", str(count)] if count else []
    seek = ["-ss", f"{first / RATE - 0.25 / RATE:.6f}"] if first else []
    text = subprocess.run(
        [
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-xerror",
            *seek,
            "-i",
            path,
            "-map",
            "0:v",
            "-fps_mode",
            "passthrough",
            *limit,
            "-f",
            "framemd5",
            "-",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [line.split(",")[5].strip() for line in text.splitlines() if line[0] != "#"]


def upload(emulator, path):
    """Uploads a file in parts."""
    return subprocess.run(
        [conftest.BIN / "spool", "upload", path, "--api", emulator.api],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[-1]


def export(emulator, assets, changes, seconds, smart, path):
    request = {
        "timeline": {
            "tracks": [
                {
                    "clips": [
                        {
                            "asset": {
                                "type": "multicam",
                                "angles": assets,
                                "switches": changes,
                                "audio": "A",
                            },
                            "length": seconds,
                        }
                    ]
                }
            ]
        },
        "output": {"resolution": "source", "fps": "source", "smartCut": smart, "crf": 20},
    }
    begin = time.monotonic()
    status = emulator.wait(emulator.start_export(request), 7_200)
    wall = time.monotonic() - begin
    assert status["state"] == "completed", status
    emulator.download(status, path)
    return wall, status["usage"]


def compare(film, cameras, changes, frames):
    """Frames of the output that equal the camera's, and those at each cut."""
    found = hashes(film)
    assert len(found) == frames, (len(found), frames)
    starts = [round(change["at"] * RATE) for change in changes] + [frames]
    same = 0
    for change, first, end in zip(changes, starts, starts[1:], strict=False):
        source = hashes(cameras[change["angle"]], first, end - first)
        same += sum(a == b for a, b in zip(found[first:end], source, strict=True))
    heads = sum(-first % GOP for first in starts[:-1])
    return same, heads


def main():
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 4 * minutes
    seconds, load = minutes * 60, os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        cameras = make_cameras(scratch, seconds)
        emulator = conftest.Emulator(scratch / "data").start()
        try:
            assets = {name: upload(emulator, path) for name, path in cameras.items()}
            emulator.wait_derived(assets.values())
            # Pending writes of the uploads are not part of an export.
            os.sync()
            changes = switches(seconds, count)
            film = scratch / "smart.mp4"
            smart, usage = export(emulator, assets, changes, seconds, True, film)
            same, heads = compare(film, cameras, changes, seconds * RATE)
            full, full_usage = export(
                emulator, assets, changes, seconds, False, scratch / "full.mp4"
            )
        finally:
            emulator.stop()
    encoded = seconds * RATE - usage["copiedFrames"]
    print(
        json.dumps(
            {
                "load before": load,
                "minutes": minutes,
                "switches": count,
                "keyframe every": GOP,
                "B-frames": BFRAMES,
                "smart cut: wall s": round(smart, 1),
                "full: wall s": round(full, 1),
                "wall ratio": round(full / smart, 2),
                "CPU ratio": round(full_usage["cpuMilliseconds"] / usage["cpuMilliseconds"], 2),
                "frames": seconds * RATE,
                "encoded": encoded,
                "least possible": heads,
                "encoded over least": round(encoded / max(1, heads), 3),
                "frames equal to the camera's": same,
                "copied": usage["copiedFrames"],
                "chunks without a copy, because": usage.get("encodedBecause", []),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
