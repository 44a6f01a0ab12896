#!/usr/bin/env python3
"""The runtime compared with a raw C socket loop (the upper limit) and awslambdaric.

One run, in rounds: every runtime is measured in each round, one after the
other, against the same platform (runtime_peers/platform.c). Prints the best
round of each, since other work on the machine can only make a round worse, and
the median of the ratios to the C loop in the same round. Usage: runtime_benchmark.py [ROUNDS]
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
PEERS = pathlib.Path(__file__).parent / "runtime_peers"
BIN = pathlib.Path(os.environ.get("SPOOL_BIN", ROOT / ".build/release"))
BOOTSTRAP, ECHO = BIN / "bootstrap", BIN / "echo-function"
STORE = {
    "SPOOL_BUCKET": "b",
    "AWS_ACCESS_KEY_ID": "a",
    "AWS_SECRET_ACCESS_KEY": "s",
    "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1",
}
COLD_STARTS, EVENTS = 10, {1_000: 4_000, 100_000: 1_500}


def compile_peer(folder, name):
    program = pathlib.Path(folder) / name
    subprocess.run(["cc", "-O2", "-D_GNU_SOURCE", "-o", program, PEERS / f"{name}.c"], check=True)
    return program


def measure(platform, command, environment, events, size):
    variables = {
        "PATH": os.environ["PATH"],
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
        "AWS_REGION": "eu-central-1",
        **environment,
    }
    answer = subprocess.run(
        [platform, str(events), str(size), *map(str, command)],
        env=variables,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if answer.returncode:
        raise SystemExit(f"{command}: {answer.stderr}")
    return json.loads(answer.stdout)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        platform, loop = compile_peer(folder, "platform"), compile_peer(folder, "loop")
        python = {"PYTHONPATH": str(PEERS), "_HANDLER": "handler.handler"}
        runtimes = {
            "raw C socket loop": ([loop], {}),
            "Spool, echo": ([ECHO], {"_HANDLER": "echo"}),
            "Spool, echo, log level WARN": (
                [ECHO],
                {"_HANDLER": "echo", "AWS_LAMBDA_LOG_LEVEL": "WARN"},
            ),
            "awslambdaric (Python)": (
                [sys.executable, "-m", "awslambdaric", "handler.handler"],
                python,
            ),
        }
        cold_only = {"Spool, job-status": ([BOOTSTRAP], {"_HANDLER": "job-status", **STORE})}
        found = {
            name: {"cold": [], "resident": [], **{size: [] for size in EVENTS}}
            for name in {**runtimes, **cold_only}
        }
        for _ in range(rounds):
            for name, (command, environment) in {**runtimes, **cold_only}.items():
                starts = [
                    measure(platform, command, environment, 0, 0)["cold_ms"]
                    for _ in range(COLD_STARTS if "Python" not in name else 3)
                ]
                found[name]["cold"].append(statistics.median(starts))
            for name, (command, environment) in runtimes.items():
                for size, events in EVENTS.items():
                    found[name][size].append(measure(platform, command, environment, events, size))
                found[name]["resident"].append(
                    measure(platform, command, environment, 1_000, 1_000)["resident_kb"]
                )
        report(found)


def report(found):
    ceiling = found["raw C socket loop"]
    print(
        "| runtime | cold ms | 1 KB inv/s | of C loop | p50/p99 us | 100 KB inv/s | of C loop "
        "| p99 us | RSS MB after 1,000 |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, values in found.items():
        cells = [f"{min(values['cold']):.2f}"]
        for size in EVENTS:
            if not values[size]:
                cells += ["", "", ""]
                continue

            rate = max(one["per_second"] for one in values[size])
            # By round, in which both were measured under the same load.
            ratio = statistics.median(
                one["per_second"] / peer["per_second"]
                for one, peer in zip(values[size], ceiling[size], strict=True)
            )
            p50 = min(one["p50_us"] for one in values[size])
            p99 = min(one["p99_us"] for one in values[size])
            cells += [
                f"{rate:.0f}",
                f"{ratio:.2f}",
                f"{p50:.0f}/{p99:.0f}" if size == 1_000 else f"{p99:.0f}",
            ]
        resident = min(values["resident"], default=None)
        cells.append(f"{resident / 1024:.1f}" if resident else "")
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
