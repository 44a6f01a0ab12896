#!/usr/bin/env python3
"""A second export after one small change in a timeline of 40 clips.

For each kind of change (trimmed, moved in, inserted, deleted) prints frames
rendered over frames changed, and wall time over that of the first export.
Frames changed are those that show another source frame than before, counted
from the changed clip: the frames that no cache could provide. Usage: reexport_benchmark.py
"""

import json
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402

RATE, CLIPS = 30, 40


def make_sources(folder):
    for index in range(4):
        conftest.ffmpeg(
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s=1280x720:r={RATE}:d=60",
            "-f",
            "lavfi",
            "-i",
            f"sine={200 + 90 * index}:r=48000:d=60",
            "-vf",
            f"hue=h={index * 80},noise=alls=8:allf=t,format=yuv420p",
            "-c:v",
            "libx264",
            "-preset",
            "superfast",
            "-b:v",
            "6M",
            "-g",
            "60",
            "-c:a",
            "aac",
            folder / f"{index}.mp4",
        )


def timeline():
    """(source, first frame, frames) of each clip: 5 to 8 seconds."""
    return [(n % 4, 37 * n % 900, RATE * (5 + n % 4)) for n in range(CLIPS)]


def request(clips, assets):
    return {
        "timeline": {
            "tracks": [
                {
                    "clips": [
                        {
                            "asset": {
                                "type": "video",
                                "assetId": assets[source],
                                "trim": first / RATE,
                            },
                            "length": count / RATE,
                        }
                        for source, first, count in clips
                    ]
                }
            ]
        },
        "output": {"size": {"width": 1280, "height": 720}, "fps": RATE},
    }


def changed(before, after):
    """Frames that the clips of the two timelines do not have in common, in order."""
    known = set(before)
    return sum(
        count - max([0] + [overlap((source, first, count), other) for other in known])
        for source, first, count in after
        if (source, first, count) not in known
    )


def overlap(clip, other):
    """Frames of the source that both show."""
    if clip[0] != other[0]:
        return 0
    return max(0, min(clip[1] + clip[2], other[1] + other[2]) - max(clip[1], other[1]))


def main():
    first = timeline()
    changes = {
        "trimmed at its end by 1 s": [
            *first[:20],
            (*first[20][:2], first[20][2] - RATE),
            *first[21:],
        ],
        "trimmed at its head by 1 s": [
            *first[:20],
            (first[20][0], first[20][1] + RATE, first[20][2] - RATE),
            *first[21:],
        ],
        "inserted": [*first[:20], (2, 1_000, 6 * RATE), *first[20:]],
        "deleted": [*first[:20], *first[21:]],
        "moved": [*first[:10], *first[11:25], first[10], *first[25:]],
    }
    with tempfile.TemporaryDirectory() as scratch:
        scratch, load = pathlib.Path(scratch), os.getloadavg()[0]
        make_sources(scratch)
        emulator = conftest.Emulator(scratch / "data").start()
        try:
            assets = [emulator.upload(scratch / f"{index}.mp4") for index in range(4)]
            emulator.wait_derived(assets)

            def export(clips):
                begin = time.monotonic()
                status = emulator.wait(emulator.start_export(request(clips, assets)), 3_600)
                assert status["state"] == "completed", status
                return time.monotonic() - begin, status["usage"]

            wall, usage = export(first)
            print(
                json.dumps(
                    {
                        "load before": load,
                        "clips": CLIPS,
                        "frames": sum(clip[2] for clip in first),
                        "chunks": usage["chunks"],
                        "first export s": round(wall, 1),
                    }
                )
            )
            for name, clips in changes.items():
                again, used = export(clips)
                # A shortened or moved clip changes no picture; its chunk is
                # the chunks to render, so at least the clip is counted.
                least = max(
                    changed(first, clips),
                    min([clip[2] for clip in clips if clip not in first] or [RATE]),
                )
                print(
                    json.dumps(
                        {
                            "change": name,
                            "frames rendered": used["renderedFrames"],
                            "frames of the touched clip": least,
                            "rendered over changed": round(used["renderedFrames"] / least, 2),
                            "wall over first": round(again / wall, 3),
                        }
                    ),
                    flush=True,
                )
        finally:
            emulator.stop()


if __name__ == "__main__":
    main()
