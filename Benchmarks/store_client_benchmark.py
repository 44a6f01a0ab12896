#!/usr/bin/env python3
"""The functions' store client compared with the AWS CLI and rclone, on the emulator's store.

One run, in rounds, one client after the other: upload and download of a file of 512 MB, each as the
client does by default for a large file (concurrent parts and ranges), rclone with as many streams
as ours (a Go client with parallel parts and ranges, like s5cmd), ours also without checksums. Then
400 objects are listed and deleted. Prints medians and ratios, which include the start of the
client, and the time of that start. Usage: store_client_benchmark.py [ROUNDS]
"""

import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402
from store_clients import s3_client  # noqa: E402

MB = 1_000_000
BYTES = 512 * MB
KEYS = 400
STREAMS = "8"


def clients(s3):
    spool = [conftest.BIN / "spool", "store"]
    aws = [pathlib.Path(sys.executable).with_name("aws"), "--endpoint-url", s3]
    rclone = [
        "rclone",
        "--config",
        "/dev/null",
        "--s3-provider",
        "Other",
        "--s3-env-auth",
        "--s3-endpoint",
        s3,
        "--s3-force-path-style",
        "--s3-no-check-bucket",
        "--s3-upload-concurrency",
        STREAMS,
        "--multi-thread-streams",
        STREAMS,
        "--multi-thread-cutoff",
        "1M",
        "--ignore-times",
    ]
    plain = {
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",
    }
    checked = dict.fromkeys(plain, "when_supported")
    return {
        "spool store": (
            checked,
            lambda path, key: [*spool, "put", path, key],
            lambda key, path: [*spool, "get", key, path],
            lambda prefix: [*spool, "list", prefix],
            lambda prefix: [*spool, "delete", prefix + "*"],
        ),
        "spool store, no checksums": (
            plain,
            lambda path, key: [*spool, "put", path, key],
            lambda key, path: [*spool, "get", key, path],
            None,
            None,
        ),
        "AWS CLI": (
            {},
            lambda path, key: [*aws, "s3", "cp", "--quiet", path, f"s3://spool/{key}"],
            lambda key, path: [*aws, "s3", "cp", "--quiet", f"s3://spool/{key}", path],
            lambda prefix: [*aws, "s3", "ls", f"s3://spool/{prefix}"],
            lambda prefix: [*aws, "s3", "rm", "--quiet", "--recursive", f"s3://spool/{prefix}"],
        ),
        "rclone, 8 streams": (
            {},
            lambda path, key: [*rclone, "copyto", path, f":s3:spool/{key}"],
            lambda key, path: [*rclone, "copyto", f":s3:spool/{key}", path],
            lambda prefix: [*rclone, "lsf", f":s3:spool/{prefix}"],
            lambda prefix: [*rclone, "purge", f":s3:spool/{prefix}"],
        ),
    }


def run(command, environment):
    began = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    status = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    assert status[1] == 0, command
    return seconds, status[2].ru_maxrss / 1_000


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spool-client-bench-"))
    source = folder / "source"
    with open(source, "wb") as file:
        for _ in range(BYTES // MB):
            file.write(os.urandom(MB))
    running = conftest.Emulator(folder / "data").start()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    } | {
        "AWS_ENDPOINT_URL_S3": running.s3,
        "AWS_ACCESS_KEY_ID": "spool",
        "AWS_SECRET_ACCESS_KEY": "spool-secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    known = clients(running.s3)
    figures = {
        name: {kind: [] for kind in ["put", "get", "list", "delete", "memory"]} for name in known
    }
    s3 = s3_client(running)
    try:
        for number in range(rounds):
            for name, (more, put, get, listing, delete) in known.items():
                key, target, mine = f"large-{number}", folder / "target", figures[name]
                for kind, command in [("put", put(source, key)), ("get", get(key, target))]:
                    seconds, memory = run(command, environment | more)
                    mine[kind].append(seconds)
                    mine["memory"].append(memory)
                assert target.stat().st_size == BYTES
                target.unlink()
                s3.delete_object(Bucket="spool", Key=key)
                if not listing:
                    continue
                for index in range(KEYS):
                    s3.put_object(Bucket="spool", Key=f"many/{index}", Body=b"x")
                mine["list"].append(run(listing("many/"), environment | more)[0])
                mine["delete"].append(run(delete("many/"), environment | more)[0])
                assert not s3.list_objects_v2(Bucket="spool", Prefix="many/")["KeyCount"]
    finally:
        running.stop()
        shutil.rmtree(folder)
    print(f"| client | put {BYTES // MB} MB | get | list {KEYS} | delete {KEYS} | peak memory |")
    print("|---|---|---|---|---|---|")
    middle = {
        name: {kind: statistics.median(values) for kind, values in mine.items() if values}
        for name, mine in figures.items()
    }
    for name, mine in middle.items():
        rate = {kind: BYTES / mine[kind] / MB for kind in ["put", "get"]}
        lists = [
            f"{mine[kind] * 1_000:.0f} ms" if kind in mine else "" for kind in ["list", "delete"]
        ]
        print(
            f"| {name} | {rate['put']:.0f} MB/s | {rate['get']:.0f} MB/s | {lists[0]} | "
            f"{lists[1]} | {max(figures[name]['memory']):.0f} MB |"
        )
    for peer in ["AWS CLI", "rclone, 8 streams"]:
        ratios = {
            kind: statistics.median(
                theirs / ours
                for theirs, ours in zip(
                    figures[peer][kind], figures["spool store"][kind], strict=True
                )
            )
            for kind in ["put", "get", "list", "delete"]
        }
        print(
            f"{peer} takes "
            + ", ".join(f"{ratio:.2f} times as long to {kind}" for kind, ratio in ratios.items())
        )


if __name__ == "__main__":
    main()
