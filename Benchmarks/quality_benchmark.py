#!/usr/bin/env python3
"""Size and quality of a chunked output compared with that of a single chunk.

The same edit is exported three times: lossless, in chunks, and as one chunk, the
last two at the same CRF. Prints sizes, and SSIM and (if an FFmpeg with libvmaf
is found, such as that of the imageio-ffmpeg wheel) VMAF of both, with the
lossless one as reference. Usage: quality_benchmark.py [CODEC …]
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402

SECONDS, CHUNK_SECONDS = 40, 10
CRF = {"h264": 20, "hevc": 24, "vp9": 31, "av1": 32}


def vmaf_program():
    """An FFmpeg with libvmaf, or None."""
    candidates = [os.environ.get("VMAF_FFMPEG"), "ffmpeg"]
    try:
        import imageio_ffmpeg

        candidates.insert(1, imageio_ffmpeg.get_ffmpeg_exe())
    except ImportError:
        pass
    for program in filter(None, candidates):
        filters = subprocess.run(
            [program, "-hide_banner", "-filters"], capture_output=True, text=True, check=False
        ).stdout
        if " libvmaf " in filters:
            return program
    return None


def score(program, filter_name, path, reference):
    log = subprocess.run(
        [
            program,
            "-nostdin",
            "-hide_banner",
            "-i",
            path,
            "-i",
            reference,
            "-lavfi",
            f"[0:v]settb=1/1000,setpts=N[a];[1:v]settb=1/1000,setpts=N[b];[a][b]{filter_name}",
            "-f",
            "null",
            "-",
        ],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    return float(re.findall(r"(?:VMAF score: |All:)([0-9.]+)", log)[-1])


def make_media(folder):
    """A slow zoom into a fractal, and a noisy video that is hard to encode."""
    conftest.ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "mandelbrot=s=960x540:r=30:maxiter=300",
        "-t",
        "21",
        "-c:v",
        "libx264",
        "-preset",
        "superfast",
        "-crf",
        "10",
        "-pix_fmt",
        "yuv420p",
        folder / "a.mp4",
    )
    conftest.ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=960x540:r=30:d=21",
        "-vf",
        "noise=alls=10:allf=t",
        "-c:v",
        "libx264",
        "-preset",
        "superfast",
        "-crf",
        "23",
        "-pix_fmt",
        "yuv420p",
        folder / "b.mp4",
    )


def edit(assets, **output):
    clips = [
        {"asset": {"type": "video", "assetId": assets[name]}, "length": SECONDS / 2}
        for name in ("a.mp4", "b.mp4")
    ]
    return {
        "timeline": {"tracks": [{"clips": clips}]},
        "output": {"size": {"width": 960, "height": 540}, "fps": 30} | output,
    }


def main():
    codecs = sys.argv[1:] or ["h264", "hevc", "vp9"]
    program = vmaf_program()
    with tempfile.TemporaryDirectory(prefix="spool-bench-") as scratch:
        folder = pathlib.Path(scratch) / "media"
        folder.mkdir()
        make_media(folder)
        emulator = conftest.Emulator(pathlib.Path(scratch) / "data").start()

        def export(name, **output):
            status = emulator.wait(emulator.start_export(edit(assets, **output)), 1_800)
            assert status["state"] == "completed", status
            path = emulator.download(status, folder / name)
            return path, len(status["chunks"])

        try:
            assets = {path.name: emulator.upload(path) for path in sorted(folder.iterdir())}
            emulator.wait_derived(assets.values())
            reference, _ = export("reference.mp4", codec="lossless", preset="ultrafast")
            for codec in codecs:
                extension = "webm" if codec == "vp9" else "mp4"
                many, count = export(
                    f"many.{extension}", codec=codec, chunkSeconds=CHUNK_SECONDS, crf=CRF[codec]
                )
                one, _ = export(f"one.{extension}", codec=codec, chunkSeconds=600, crf=CRF[codec])
                print(f"{codec}, {count} chunks against 1:")
                print(
                    f"  size {many.stat().st_size / one.stat().st_size:.4f}  "
                    f"({many.stat().st_size / 1e6:.2f} MB, {one.stat().st_size / 1e6:.2f} MB)"
                )
                scores = [("SSIM", "ffmpeg", "ssim")]
                if program:
                    scores.append(("VMAF", program, "libvmaf=n_threads=2"))
                for name, with_program, filter_name in scores:
                    first = score(with_program, filter_name, many, reference)
                    second = score(with_program, filter_name, one, reference)
                    print(f"  {name} {first / second:.5f}  ({first:.5f}, {second:.5f})", flush=True)
        finally:
            emulator.stop()


if __name__ == "__main__":
    main()
