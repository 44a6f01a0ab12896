#!/usr/bin/env python3
"""How wall time falls with instances: recorded here, simulated beyond.

Records a timeline of MINUTES (10) on one and two instances, measures what one
chunk costs beside its encoding and how long a stitch takes, and simulates up
to 1,000 instances and two hours with these constants. Prints a table with the
best published figures beside it and writes docs/scaling.svg.
Usage: scaling_benchmark.py [MINUTES]
"""
import json
import math
import os
import pathlib
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402

RATE = 30
# Remotion Lambda's own page, warm: seconds of wall time for a film of that
# length (docs/benchmarks.md names the source).
PUBLISHED = {600: ("Remotion Lambda, 10 min HD", 56.09), 60: ("Remotion Lambda, 1 min", 18.91)}
INSTANCES = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_000]


def make_source(folder):
    path = folder / "a.mp4"
    conftest.ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=s=1280x720:r={RATE}:d=60",
        "-f", "lavfi", "-i", "sine=440:r=48000:d=60", "-vf", "noise=alls=8:allf=t",
        "-c:v", "libx264", "-preset", "superfast", "-b:v", "6M", "-g", "60",
        "-pix_fmt", "yuv420p", "-c:a", "aac", path)
    return path


def edit(asset, seconds, **output):
    """A minute of the source again and again, each from another frame on: the
    cache of chunks finds none of them twice."""
    clips, left, number = [], seconds, 0
    while left > 0:
        length = min(50, left)
        clips.append({"asset": {"type": "video", "assetId": asset, "trim": 0.1 * (number % 90)},
                      "length": length})
        left, number = left - length, number + 1
    return {"timeline": {"tracks": [{"clips": clips}]},
            "output": {"size": {"width": 1280, "height": 720}, "fps": RATE, **output}}


def export(emulator, request):
    """Wall seconds, seconds of the stitch, and the usage."""
    begin, stitching = time.monotonic(), None
    job = emulator.start_export(request)
    while True:
        status = emulator.status(job)
        if stitching is None and status["state"] in ("stitching", "completed"):
            stitching = time.monotonic()
        if status["state"] in ("completed", "failed", "cancelled"):
            break
        time.sleep(0.05)
    assert status["state"] == "completed", status
    end = time.monotonic()
    return end - begin, end - stitching, status


def chunk_seconds(timeline, instances):
    """The planner's choice (Sources/Editing/ChunkPlanner.swift)."""
    for longer in (60, 30, 20):
        if timeline / (longer * instances) >= 8:
            return longer
    def wall(length):
        count = math.floor(timeline / (length * 1.1)) + 1
        return math.ceil(count / instances) * (timeline / count + 0.8)
    return 5 if wall(5) < wall(10) else 10


def simulate(timeline, instances, constants):
    """Wall seconds: equal chunks on equal instances, then one stitch."""
    length = chunk_seconds(timeline, instances)
    count = max(1, math.ceil(timeline / (length * 1.1)))
    waves = math.ceil((count + 1) / instances)  # The sound is a unit as well.
    each = constants["overhead"] + timeline / count * constants["encode"]
    return (constants["start"] + waves * each
            + constants["stitch base"] + timeline * constants["stitch"])


def plot(rows, recorded, path):
    """Wall time over instances, both axes logarithmic."""
    width, height, left, bottom = 720, 420, 70, 50
    times = [value for row in rows.values() for value in row.values()]
    low, high = math.log10(min(times) * 0.7), math.log10(max(times) * 1.4)

    def x(count):
        return left + (width - left - 120) * math.log10(count) / 3

    def y(seconds):
        return height - bottom - (height - bottom - 30) * (math.log10(seconds) - low) / (high - low)

    parts = [f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
             "font-family='sans-serif' font-size='13'>"
             "<rect width='100%' height='100%' fill='white'/>"
             f"<text x='{left}' y='20' font-weight='bold'>Wall time of an export over "
             "instances (1280x720, simulated; dots recorded)</text>"]
    for count in (1, 10, 100, 1_000):
        parts.append(f"<line x1='{x(count)}' x2='{x(count)}' y1='30' y2='{height - bottom}' "
                     f"stroke='#ddd'/><text x='{x(count)}' y='{height - 28}' "
                     f"text-anchor='middle'>{count}</text>")
    for power in range(math.ceil(low), math.floor(high) + 1):
        parts.append(f"<line x1='{left}' x2='{width - 120}' y1='{y(10 ** power)}' "
                     f"y2='{y(10 ** power)}' stroke='#ddd'/><text x='{left - 8}' "
                     f"y='{y(10 ** power) + 4}' text-anchor='end'>{10 ** power} s</text>")
    parts.append(f"<text x='{(left + width - 120) / 2}' y='{height - 8}' "
                 "text-anchor='middle'>instances</text>")
    for color, (timeline, row) in zip(("#0b6", "#06c", "#c50"), rows.items()):
        points = " ".join(f"{x(count):.1f},{y(value):.1f}" for count, value in row.items())
        last = list(row.values())[-1]
        parts.append(f"<polyline points='{points}' fill='none' stroke='{color}' "
                     f"stroke-width='2'/><text x='{width - 114}' y='{y(last) + 4}' "
                     f"fill='{color}'>{timeline // 60} min film</text>")
    for count, seconds in recorded.items():
        parts.append(f"<circle cx='{x(count)}' cy='{y(seconds)}' r='5' fill='#06c'/>")
    path.write_text("".join(parts) + "</svg>\n")


def main():
    minutes = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    load, recorded, stitches = os.getloadavg()[0], {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        source = make_source(scratch)
        for instances in (1, 2):
            emulator = conftest.Emulator(
                scratch / f"data{instances}", WORKER_CONCURRENCY=str(instances)).start()
            try:
                asset = emulator.upload(source)
                if instances == 1:
                    # Two lengths of chunk tell the cost of a chunk by itself.
                    runs = {length: export(emulator, edit(asset, 60, chunkSeconds=length))
                            for length in (5, 20)}
                wall, stitch, _ = export(emulator, edit(asset, 60 * minutes))
                recorded[instances], stitches[instances] = wall, stitch
            finally:
                emulator.stop()
    (short, short_stitch, many), (long, long_stitch, few) = runs[5], runs[20]
    extra = len(many["chunks"]) - len(few["chunks"])
    overhead = max(0.05, ((short - short_stitch) - (long - long_stitch)) / extra)
    encode = max(0.01, (long - long_stitch - overhead * len(few["chunks"])) / 60)
    constants = {
        "overhead": overhead, "encode": encode, "start": 0.1,
        "stitch base": long_stitch,
        "stitch": max(0, (stitches[1] - long_stitch) / (60 * minutes - 60) if minutes > 1 else 0)}
    rows = {timeline: {count: simulate(timeline, count, constants) for count in INSTANCES}
            for timeline in (60, 600, 7_200)}
    plot(rows, recorded if minutes == 10 else {}, ROOT / "docs/scaling.svg")
    print(json.dumps({"load before": load, "recorded s": {
        str(count): round(wall, 1) for count, wall in recorded.items()}, "minutes": minutes,
        "simulated at 1": round(simulate(60 * minutes, 1, constants), 1),
        "simulated at 2": round(simulate(60 * minutes, 2, constants), 1),
        "constants": {name: round(value, 4) for name, value in constants.items()}}))
    print("| instances | " + " | ".join(f"{t // 60} min" for t in rows) + " |")
    print("|---|" + "---|" * len(rows))
    for count in INSTANCES:
        print(f"| {count} | " + " | ".join(f"{rows[t][count]:.1f} s" for t in rows) + " |")
    for timeline, (name, seconds) in PUBLISHED.items():
        print(f"published: {name}: {seconds} s; simulated at 200 instances: "
              f"{simulate(timeline, 200, constants):.1f} s")


if __name__ == "__main__":
    main()
