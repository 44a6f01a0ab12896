#!/usr/bin/env python3
"""Time of one owner's one-second export alone, and beside another owner's 24-hour 4k exports.

Prints the median and the longest of each, and job-status latencies while the exports run.
Usage: fairness_benchmark.py [RUNS] [EXPORTS]
"""

import os
import pathlib
import statistics
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402
from test_fairness import DAY, SECOND  # noqa: E402


def seconds(emulator, number):
    """Duration of one export; its colour is new, so nothing is cached."""
    edit = SECOND | {
        "timeline": {
            "tracks": [
                {
                    "clips": [
                        {
                            "asset": {"type": "color", "color": f"#{number:06x}"},
                            "start": 0,
                            "length": 1,
                        }
                    ]
                }
            ]
        }
    }
    start = time.monotonic()
    job = emulator.start_export(edit, "bob-token")
    while emulator.status(job, "bob-token")["state"] != "completed":
        time.sleep(0.01)
    return time.monotonic() - start


def latencies(emulator, job, count):
    found = []
    for _ in range(count):
        start = time.monotonic()
        answer = emulator.call("GET", f"/api/export/{job}/status", token="alice-token")
        found.append(1_000 * (time.monotonic() - start))
        assert answer.status == 200
    return sorted(found)


def main():
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    exports = int(sys.argv[2]) if len(sys.argv) > 2 else 41
    with tempfile.TemporaryDirectory() as folder:
        emulator = conftest.Emulator(
            pathlib.Path(folder) / "data",
            SPOOL_TOKENS="alice-token=alice,bob-token=bob",
            SPOOL_ADMIN_TOKEN="admin",
            AWS_ACCESS_KEY_ID="key",
            AWS_SECRET_ACCESS_KEY="secret-secret-secret",
        ).start()
        try:
            seconds(emulator, 0)
            alone = [seconds(emulator, 1 + run) for run in range(runs)]
            start = time.monotonic()
            jobs = [emulator.start_export(DAY, "alice-token") for _ in range(exports)]
            print(f"{exports} exports of 24 h accepted in {time.monotonic() - start:.1f} s")
            time.sleep(2)
            beside = [seconds(emulator, 1_000 + run) for run in range(runs)]
            status = latencies(emulator, jobs[0], 500)
            start = time.monotonic()
            for job in jobs:
                emulator.call("DELETE", f"/api/export/{job}", token="alice-token")
            print(f"cancelled in {time.monotonic() - start:.1f} s")
        finally:
            emulator.stop()
    for name, times in [("alone", alone), ("beside", beside)]:
        print(f"{name}: median {statistics.median(times):.2f} s, longest {max(times):.2f} s")
    print(f"ratio of medians {statistics.median(beside) / statistics.median(alone):.2f}")
    print(
        f"job-status beside: median {statistics.median(status):.1f} ms, "
        f"p99 {status[int(0.99 * len(status))]:.1f} ms"
    )


if __name__ == "__main__":
    main()
