#!/usr/bin/env python3
"""Wall time of an export over the number of instances.

record [MINUTES]: exports a timeline on one and on two instances on this
machine and prints wall time, the functions' durations and the model's figure
for the same run. simulate [SVG]: the same model up to 1,000 instances and two
hours of 1080p, as a table and a plot; the chunks are those of the planner itself.
"""

import heapq
import json
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

FPS, SIZE, CLIP_SECONDS, FUNCTION_SECONDS = 30, (1920, 1080), 7, 900
INSTANCES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000]
MINUTES = [10, 30, 120]

# Measured with FFmpeg 5.1.9 (machine and method: docs/benchmarks.md).
NANOSECONDS_PER_PIXEL = 50.0  # decode, filters, x264 veryfast; CPU time
CORES = 1  # SPOOL_FFMPEG_THREADS' default
CHUNK_SECONDS = 0.8  # extra of a chunk, in seconds of film
AUDIO_FRAME_SECONDS = 1024 / 48_000
AUDIO_FRAMES_BEFORE = 128  # of a piece, encoded and discarded
DISPATCH_SECONDS = 0.0016  # event to handler, median
COLD_SECONDS = 0.003  # exec to first `next`
# Delays of a cloud, which are not measured here; the heading of the table names each.
CLOUD_EVENT_SECONDS = 1.0  # store event to function, "typically in seconds"
CLOUD_COLD_SECONDS = 1.0  # image on a new instance
CLOUD_BYTES_PER_SECOND = 80e6  # store to function and back, one function
FILM_BYTES_PER_SECOND = 0.75e6  # 6 Mbit/s


def planner():
    """The planner as a program, Benchmarks/planner_chunks, built with the other products."""
    program = conftest.BIN / "planner-chunks"
    if not program.exists():
        raise SystemExit(f"{program} is missing: swift build --product planner-chunks")
    return program


def planned(program, instances, seconds):
    """Lengths of the chunks in frames, and of the audio pieces in audio frames."""
    frames, step = seconds * FPS, CLIP_SECONDS * FPS
    arguments = [instances, FUNCTION_SECONDS, frames, FPS, *SIZE, *range(step, frames, step)]
    text = subprocess.run(
        [program, *map(str, arguments)], check=True, capture_output=True, text=True
    ).stdout
    chunks, audio = ([int(word) for word in line.split()] for line in text.splitlines())
    assert sum(chunks) == frames, "the chunks tile the film"
    return chunks, audio


def simulate(lengths, audio, instances, machine):
    """Wall seconds of one export: units in order, each on the first free instance."""
    cpu = SIZE[0] * SIZE[1] * NANOSECONDS_PER_PIXEL / 1e9
    seconds = sum(lengths) / FPS
    # The audio is requested first.
    before = AUDIO_FRAMES_BEFORE if len(audio) > 1 else 0
    work = [(count + before) * AUDIO_FRAME_SECONDS * machine["audio"] for count in audio]
    work += [
        (length + CHUNK_SECONDS * FPS) * cpu / machine["cores"]
        + length / FPS * FILM_BYTES_PER_SECOND / machine["bytes"]
        for length in lengths
    ]
    free = [machine["event"] + machine["cold"]] * min(instances, len(work))
    heapq.heapify(free)
    for unit in work:
        heapq.heappush(free, heapq.heappop(free) + DISPATCH_SECONDS + unit)
    # The stitch waits for the last unit, reads all units and writes the output file.
    stitch = seconds * machine["stitch"] + 2 * seconds * FILM_BYTES_PER_SECOND / machine["bytes"]
    return max(free) + machine["event"] + stitch


def simulation(svg):
    # Seconds for each second of output, of the audio unit and of the stitch.
    constants = json.loads((ROOT / "Benchmarks/planner_constants.json").read_text())
    here = {"cores": CORES, "event": DISPATCH_SECONDS, "cold": COLD_SECONDS, "bytes": 264e6}
    cloud = {
        "cores": CORES,
        "event": CLOUD_EVENT_SECONDS,
        "cold": CLOUD_COLD_SECONDS,
        "bytes": CLOUD_BYTES_PER_SECOND,
    }
    program = planner()
    rows = {}
    for minutes in MINUTES:
        for instances in INSTANCES:
            lengths, audio = planned(program, instances, 60 * minutes)
            rows[minutes, instances] = (
                f"{len(lengths)}, {len(audio)}",
                *(
                    simulate(lengths, audio, instances, machine | constants)
                    for machine in (here, cloud)
                ),
            )
    print(
        "| film | instances | chunks, audio pieces | wall, simulated | times real time "
        "| with a cloud's delays | times real time |\n|---|---|---|---|---|---|---|"
    )
    for (minutes, instances), (units, local, remote) in rows.items():
        print(
            f"| {minutes} min | {instances} | {units} | {local:.1f} s | "
            f"{60 * minutes / local:.1f} | {remote:.1f} s | {60 * minutes / remote:.1f} |"
        )
    if svg:
        pathlib.Path(svg).write_text(plot(rows))


def plot(rows):
    """Times real time over instances, both axes logarithmic."""
    import math

    width, height, left, bottom = 720, 420, 60, 50

    def x(instances):
        return left + math.log10(instances) / 3 * (width - left - 20)

    def y(speed):
        return height - bottom - math.log10(speed / 0.2) / 3 * (height - bottom - 20)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for value in (1, 10, 100, 1000):
        parts.append(
            f'<path d="M{x(value):.0f} 20V{height - bottom}" stroke="#ddd"/>'
            f'<text x="{x(value):.0f}" y="{height - 32}" text-anchor="middle">'
            f"{value}</text>"
        )
    for value in (1, 10, 100):
        parts.append(
            f'<path d="M{left} {y(value):.0f}H{width - 20}" stroke="#ddd"/>'
            f'<text x="{left - 8}" y="{y(value) + 4:.0f}" text-anchor="end">'
            f"{value}</text>"
        )
    parts.append(
        f'<text x="{width / 2:.0f}" y="{height - 10}" text-anchor="middle">instances of '
        'one core</text><text x="16" y="210" transform="rotate(-90 16 210)" '
        'text-anchor="middle">times real time</text>'
    )
    for minutes, colour in zip(MINUTES, ("#c33", "#2a7", "#36c"), strict=True):
        for column, dash, name in ((1, "", "simulated"), (2, "4 4", "and a cloud's delays")):
            points = " ".join(
                f"{x(n):.1f},{y(60 * minutes / rows[minutes, n][column]):.1f}" for n in INSTANCES
            )
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" '
                f'stroke-width="2" stroke-dasharray="{dash}"/>'
            )
            line = 36 + 16 * (2 * MINUTES.index(minutes) + column - 1)
            parts.append(
                f'<text x="{left + 12}" y="{line}" fill="{colour}">{minutes} min, '
                f"{name}{' (dashed)' if dash else ''}</text>"
            )
    # The best published figure: ten minutes of HD in 56.09 s.
    parts.append(
        f'<path d="M{left} {y(10.6):.0f}H{width - 20}" stroke="#888" '
        f'stroke-dasharray="2 3"/><text x="{left + 12}" y="{y(10.6) - 5:.0f}" '
        'fill="#666">Remotion Lambda, 10 min HD: 10.6</text></svg>\n'
    )
    return "\n".join(parts)


def record(minutes):
    size = {"width": 320, "height": 180}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        conftest.ffmpeg(
            "-f",
            "lavfi",
            "-i",
            f"testsrc2=s=320x180:r={FPS}:d=60",
            "-f",
            "lavfi",
            "-i",
            "sine=440:r=48000:d=60",
            "-c:v",
            "libx264",
            "-preset",
            "superfast",
            "-g",
            60,
            "-pix_fmt",
            "yuv420p",
            "-c:a",
            "aac",
            scratch / "a.mp4",
        )
        for instances in (1, 2):
            emulator = conftest.Emulator(
                scratch / f"data{instances}", WORKER_CONCURRENCY=str(instances)
            ).start()
            try:
                asset = emulator.upload(scratch / "a.mp4")
                run(emulator, asset, 60 * minutes, size, instances)
            finally:
                emulator.stop()


def run(emulator, asset, seconds, size, instances):
    clips = [
        {
            "asset": {"type": "video", "assetId": asset, "trim": n % 45},
            "length": min(CLIP_SECONDS, seconds - n),
        }
        for n in range(0, seconds, CLIP_SECONDS)
    ]
    start = time.monotonic()
    status = emulator.wait(
        emulator.start_export(
            {"timeline": {"tracks": [{"clips": clips}]}, "output": {"size": size, "fps": FPS}}
        ),
        1_800,
    )
    wall = time.monotonic() - start
    assert status["state"] == "completed", status
    found = {}
    for line in emulator.call("GET", "/metrics").body.decode().splitlines():
        for name in ("spool_duration_milliseconds_total", "spool_invocations_total"):
            if line.startswith(name + "{") and ("render-chunk" in line or "stitch" in line):
                found[line.split('"')[1], name] = float(line.split()[-1])
    print(
        json.dumps(
            {
                "load": [round(value, 1) for value in os.getloadavg()],
                "instances": instances,
                "film s": seconds,
                "wall s": round(wall, 2),
                "bytes": status["size"],
                "usage": status["usage"],
                "functions": {" ".join(k): v for k, v in found.items()},
            }
        ),
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["record"]:
        record(int(sys.argv[2]) if len(sys.argv) > 2 else 10)
    else:
        simulation(sys.argv[2] if len(sys.argv) > 2 else None)
