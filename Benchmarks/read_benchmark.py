#!/usr/bin/env python3
"""Bytes of a source that an export reads, over the bytes that it needs.

A clip of 20 s from the middle of a 60 s source of 24 Mbit/s, in every container
of uploads. Needed are the video packets from the keyframe before the in-point to
the out-point; read are all bytes that the store sent, except those of the
stitch. Usage: read_benchmark.py [CONTAINER …]
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402

TRIM, LENGTH, SECONDS = 23.3, 20.0, 60
TYPES = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".mkv": "video/x-matroska",
    ".webm": "video/webm",
}


def make_media(folder, requested):
    """One encoding for each codec, copied into the containers."""
    picture = [
        "-f",
        "lavfi",
        "-i",
        f"testsrc2=s=1280x720:r=30:d={SECONDS}",
        "-vf",
        "noise=alls=40:allf=t",
        "-pix_fmt",
        "yuv420p",
        "-g",
        "60",
    ]
    made = {}
    if set(requested) - {"webm"}:
        conftest.ffmpeg(
            *picture,
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-b:v",
            "24M",
            "-maxrate",
            "26M",
            "-bufsize",
            "24M",
            folder / "h264.mp4",
        )
    copies = {
        "mp4-moov-first": ["-movflags", "+faststart", "m1.mp4"],
        "mp4-moov-last": ["m2.mp4"],
        "mov": ["m.mov"],
        "mkv": ["m.mkv"],
    }
    for name, (*options, file) in copies.items():
        if name in requested:
            conftest.ffmpeg("-i", folder / "h264.mp4", "-c", "copy", *options, folder / file)
            made[name] = folder / file
    if "webm" in requested:
        conftest.ffmpeg(
            *picture,
            "-c:v",
            "libvpx-vp9",
            "-deadline",
            "realtime",
            "-cpu-used",
            "8",
            "-row-mt",
            "1",
            "-b:v",
            "24M",
            folder / "m.webm",
        )
        made["webm"] = folder / "m.webm"
    return made


def needed_bytes(path):
    rows = json.loads(
        subprocess.run(
            [
                "ffprobe",
                "-v",
                "error",
                "-select_streams",
                "v",
                "-show_entries",
                "packet=pts_time,size,flags",
                "-of",
                "json",
                path,
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )["packets"]
    first = max(
        float(row["pts_time"])
        for row in rows
        if "K" in row["flags"] and float(row["pts_time"]) <= TRIM
    )
    return sum(int(row["size"]) for row in rows if first <= float(row["pts_time"]) < TRIM + LENGTH)


def sent_bytes(emulator):
    text = emulator.call("GET", "/metrics").body.decode()
    return sum(
        int(line.split()[-1])
        for line in text.splitlines()
        if line.startswith("spool_s3_sent_bytes_total")
    )


def main():
    names = ["mp4-moov-first", "mp4-moov-last", "mov", "mkv", "webm"]
    requested = sys.argv[1:] or names
    with tempfile.TemporaryDirectory(prefix="spool-bench-") as scratch:
        folder = pathlib.Path(scratch) / "media"
        folder.mkdir()
        emulator = conftest.Emulator(pathlib.Path(scratch) / "data").start()
        try:
            for name, path in make_media(folder, requested).items():
                asset = emulator.upload(path, TYPES[path.suffix])
                emulator.wait_derived([asset])
                edit = conftest.single(
                    asset,
                    LENGTH,
                    chunkSeconds=60,
                    preset="ultrafast",
                    size={"width": 320, "height": 180},
                )
                clip = edit["timeline"]["tracks"][0]["clips"][0]
                clip["asset"] |= {"trim": TRIM}
                # The derivation of the upload has ended once no bytes are sent.
                before = -1
                while before != (now := sent_bytes(emulator)):
                    before = now
                    subprocess.run(["sleep", "2"], check=True)
                status = emulator.wait(emulator.start_export(edit))
                assert status["state"] == "completed", status
                read = sent_bytes(emulator) - before - status["size"]
                needed = needed_bytes(path)
                print(
                    f"{name:15} {read / needed:.3f}  ({read / 1e6:.1f} MB over "
                    f"{needed / 1e6:.1f} MB of {path.stat().st_size / 1e6:.0f} MB)",
                    flush=True,
                )
        finally:
            emulator.stop()


if __name__ == "__main__":
    main()
