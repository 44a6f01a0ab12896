#!/usr/bin/env python3
"""The proxy of a long source, in chunks, against one FFmpeg process that makes the same file.

Prints the wall time of both, measured in this run one after the other. Usage:
proxy_benchmark.py [SECONDS]
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402
import test_derive  # noqa: E402

SECONDS = int(sys.argv[1]) if len(sys.argv) > 1 else 600


def make_source(path):
    """1080p of 8 Mbit/s at 29.97; the pictures repeat after 30 s, which neither side knows."""
    part = path.with_name("part.mp4")
    conftest.ffmpeg(
        *test_derive.picture("30000/1001", 30, "1920x1080"),
        *test_derive.tone(48000, 30),
        *["-vf", "noise=alls=8:allf=t", "-c:v", "libx264", "-preset", "superfast"],
        *["-pix_fmt", "yuv420p", "-b:v", "8M", "-g", "60", "-c:a", "aac", part],
    )
    conftest.ffmpeg("-stream_loop", -1, "-i", part, "-t", SECONDS, "-c", "copy", path)


def single(source, path):
    """Wall time of one FFmpeg process with its default number of threads."""
    start = time.monotonic()
    conftest.ffmpeg(
        *["-i", source, "-vf", "scale=960:540:flags=bicubic", "-c:v", "libx264"],
        *["-preset", "veryfast", "-crf", 26, "-pix_fmt", "yuv420p", "-bf", 3],
        *["-g", 14, "-keyint_min", 14, "-sc_threshold", 0],
        *["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart", path],
    )
    return time.monotonic() - start


def chunked(source, folder):
    """Wall time from the end of the upload to the stored proxy."""
    emulator = conftest.Emulator(folder / "data", WORKER_CONCURRENCY="2").start()
    try:
        asset = emulator.upload(source)
        start = time.monotonic()
        derived = test_derive.Derived(emulator, asset)
        derived.wait({"proxy.mp4"}, seconds=20 * SECONDS)
        wall = time.monotonic() - start
        return wall, derived.save("proxy.mp4", folder)
    finally:
        emulator.stop()


def frames(path):
    command = ["ffprobe", "-v", "error", "-count_packets", "-select_streams", "v:0"]
    command += ["-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", path]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(out.strip().strip(","))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        source, peer = folder / "source.mp4", folder / "single.mp4"
        make_source(source)
        ours, proxy = chunked(source, folder)
        theirs = single(source, peer)
        print(f"source: {SECONDS} s of 1080p29.97, {source.stat().st_size / 1e6:.0f} MB")
        print(f"wall time, proxy in chunks over one FFmpeg: {ours / theirs:.3f}", end=" ")
        print(f"({ours:.1f} s over {theirs:.1f} s)")
        sizes = proxy.stat().st_size / peer.stat().st_size
        print(f"size, proxy over the peer's file: {sizes:.3f}")
        print(f"frames: {frames(proxy)} of the source's {frames(source)}")


if __name__ == "__main__":
    main()
