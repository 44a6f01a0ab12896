#!/usr/bin/env python3
"""Several outputs of one edit compared with a separate export of each.

Prints, from one run, wall and CPU time of separate exports over those of one
request with `outputs` (pairs, one after the other, medians of their ratios),
which decodes once: for outputs as large as the source and for small outputs of
a large source. Usage: outputs_benchmark.py [PAIRS]
"""

import pathlib
import statistics
import sys
import tempfile
import time

import boto3
from export_benchmark import conftest, family_cpu

SECONDS = 40
# Name, size of the source, outputs (height and codec).
H264 = {
    height: {"size": {"width": height * 16 // 9 // 2 * 2, "height": height}}
    for height in (1080, 720, 480, 360)
}
CASES = [
    ("1080p to 1080p, 720p and 480p", "1920x1080", [H264[1080], H264[720], H264[480]]),
    ("2160p to 1080p, 720p and 360p", "3840x2160", [H264[1080], H264[720], H264[360]]),
    ("2160p to two of 360p", "3840x2160", [H264[360], H264[360] | {"crf": 28}]),
    ("1080p to H.264 and VP9 of 480p", "1920x1080", [H264[480], H264[480] | {"codec": "vp9"}]),
]


def make_media(folder):
    """Camera-like: noise that is hard to encode, a keyframe every two seconds."""
    for size, rate in {"1920x1080": "12M", "3840x2160": "40M"}.items():
        conftest.ffmpeg(
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s={size}:r=30:d={SECONDS}",
            "-f",
            "lavfi",
            "-i",
            f"sine=440:r=48000:d={SECONDS}",
            "-vf",
            "noise=alls=10:allf=t",
            "-c:v",
            "libx264",
            "-preset",
            "superfast",
            "-b:v",
            rate,
            "-g",
            "60",
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            "-movflags",
            "+faststart",
            folder / f"{size}.mp4",
        )


def measure(emulator, edits):
    """Starts the exports together; returns wall and CPU seconds and each status."""
    cpu, start = family_cpu(emulator.process.pid), time.monotonic()
    jobs = []
    for edit in edits:
        answer = emulator.call("POST", "/api/export", edit)
        assert answer.status == 202, answer.body
        jobs += [job["jobId"] for job in answer.json().get("jobs", [answer.json()])]
    statuses = [emulator.wait(job, 1_800) for job in jobs]
    assert all(status["state"] == "completed" for status in statuses), statuses
    return time.monotonic() - start, family_cpu(emulator.process.pid) - cpu, statuses


def forget(emulator):
    """Empties the chunk cache."""
    store = boto3.client(
        "s3",
        endpoint_url=emulator.s3,
        aws_access_key_id="spool",
        aws_secret_access_key="spool-secret",
        region_name="us-east-1",
    )
    pages = store.get_paginator("list_objects_v2").paginate(Bucket="spool", Prefix="cache/")
    for page in pages:
        for entry in page.get("Contents", []):
            store.delete_object(Bucket="spool", Key=entry["Key"])


def main():
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory(prefix="spool-bench-") as scratch:
        folder = pathlib.Path(scratch) / "media"
        folder.mkdir()
        make_media(folder)
        emulator = conftest.Emulator(pathlib.Path(scratch) / "data").start()
        try:
            assets = {path.stem: emulator.upload(path) for path in sorted(folder.iterdir())}
            emulator.wait_derived(assets.values())
            for name, size, outputs in CASES:
                report(emulator, name, conftest.single(assets[size], SECONDS), outputs, pairs)
        finally:
            emulator.stop()


def report(emulator, name, edit, outputs, pairs):
    walls, cpus = [], []
    for _ in range(pairs):
        forget(emulator)
        apart = measure(
            emulator, [edit | {"output": edit["output"] | output} for output in outputs]
        )
        forget(emulator)
        together = measure(emulator, [edit | {"outputs": outputs}])
        walls.append(apart[0] / together[0])
        cpus.append(apart[1] / together[1])
        print(
            f"{name}: apart {apart[0]:.1f} s wall {apart[1]:.1f} s CPU, "
            f"together {together[0]:.1f} s wall {together[1]:.1f} s CPU",
            flush=True,
        )
    print(
        f"{name}: apart over together, median of {pairs}: wall {statistics.median(walls):.2f}, "
        f"CPU {statistics.median(cpus):.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
