#!/usr/bin/env python3
"""2,000 tiny exports in a row: memory, descriptors and disk stay level, and retention is applied.

Prints a line for each tenth of the run: resident memory of the emulator and the largest of its
functions, descriptors of the emulator, files and bytes of the data folder. Exports are removed
after a minute (SPOOL_EXPORT_RETENTION_SECONDS), so the disk is level once the first are gone.
Usage: soak.py [EXPORTS] [WORKERS]
"""

import concurrent.futures
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

RETENTION = 60


def edit(number):
    asset = {"type": "color", "color": f"#{number % 1_000:06x}"}
    return {
        "timeline": {"tracks": [{"clips": [{"asset": asset, "start": 0, "length": 1}]}]},
        "output": {"size": {"width": 160, "height": 90}, "fps": 10},
    }


def resident(process):
    try:
        lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmRSS")]
    return int(found[0]) / 1_000 if found else 0


def children(process):
    text = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text()
    tasks = pathlib.Path(f"/proc/{process}/task").iterdir()
    return {child for task in tasks for child in (task / "children").read_text().split()} | set(
        text.split()
    )


def sample(emulator, done, began):
    process = emulator.process.pid
    files = [path for path in emulator.data.rglob("*") if path.is_file()]
    functions = [resident(child) for child in children(process)]
    line = {
        "exports": done,
        "seconds": round(time.monotonic() - began),
        "emulator_mb": round(resident(process), 1),
        "largest_function_mb": round(max(functions, default=0), 1),
        "descriptors": len(list(pathlib.Path(f"/proc/{process}/fd").iterdir())),
        "files": len(files),
        "disk_mb": round(sum(path.stat().st_size for path in files) / 1e6, 1),
    }
    print(json.dumps(line), flush=True)
    return line


def catalogue(folder):
    """The functions with `expire` each minute, so that retention is seen."""
    functions = json.loads((ROOT / "infra/functions.json").read_text())
    for function in functions["functions"]:
        if function["name"] == "expire":
            function["schedule"] = "rate(1 minute)"
    path = folder / "functions.json"
    path.write_text(json.dumps(functions))
    return path


def main():
    exports = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        emulator = conftest.Emulator(
            folder / "data",
            functions=catalogue(folder),
            SPOOL_EXPORT_RETENTION_SECONDS=str(RETENTION),
        ).start()
        try:
            began, states = time.monotonic(), {}

            def run(number):
                return emulator.wait(emulator.start_export(edit(number)))["state"]

            with concurrent.futures.ThreadPoolExecutor(workers) as pool:
                for done, state in enumerate(pool.map(run, range(exports)), 1):
                    states[state] = states.get(state, 0) + 1
                    if done % max(1, exports // 10) == 0:
                        sample(emulator, done, began)
            print(json.dumps(states))
            time.sleep(RETENTION + 130)
            sample(emulator, exports, began)
        finally:
            emulator.stop()


if __name__ == "__main__":
    main()
