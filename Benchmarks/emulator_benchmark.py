#!/usr/bin/env python3
"""The emulator's Lambda service: requests per second, event dispatch, many instances at once.

Prints, from one run: function URL and Invoke API with the echo function at 1 KB (wrk), compared
with the same server's /healthz, which calls no function; the time from sending a PUT to the start
of the handler that its event invokes; the time until 200 concurrent instances have answered. AWS's
emulator is measured too if AWS_LAMBDA_RIE is the path of its program, which neither Debian nor
PyPI provides. Usage: emulator_benchmark.py [SECONDS]
"""

import asyncio
import http.client
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import boto3  # noqa: E402

import conftest  # noqa: E402

BODY = json.dumps({"text": "x" * 1010})
CONNECTIONS = 4
PUTS = 400
INSTANCES = 200
RIE = os.environ.get("AWS_LAMBDA_RIE")
RIE_PORT = 18099


def start(folder):
    folder.mkdir()
    catalog = folder / "functions.json"
    catalog.write_text(
        json.dumps(
            {
                "version": 1,
                "functions": [
                    {
                        "name": "echo",
                        "handler": "echo",
                        "timeoutSeconds": 60,
                        "memoryMegabytes": 128,
                        "reservedConcurrency": CONNECTIONS,
                        "url": {"authType": "NONE"},
                    },
                    {
                        "name": "many",
                        "handler": "echo",
                        "timeoutSeconds": 60,
                        "memoryMegabytes": 128,
                        "reservedConcurrency": INSTANCES,
                    },
                    {
                        "name": "starts",
                        "timeoutSeconds": 60,
                        "memoryMegabytes": 128,
                        "reservedConcurrency": 4,
                        "objectEvents": [{"events": ["ObjectCreated:*"], "prefix": "bench/"}],
                        "command": [
                            sys.executable,
                            "-S",
                            "-E",
                            str(ROOT / "Benchmarks/emulator_runtime.py"),
                            str(folder / "starts"),
                        ],
                    },
                ],
            }
        )
    )
    return conftest.Emulator(
        folder / "data", functions=catalog, bootstrap=conftest.BIN / "echo-function"
    ).start()


def wrk(url, seconds, folder, connections=CONNECTIONS, body=None):
    """Requests per second, and the median and the 99th percentile in milliseconds."""
    script = folder / "wrk.lua"
    lines = ["wrk.headers['Content-Type'] = 'application/json'"]
    if body:
        lines += ["wrk.method = 'POST'", f"wrk.body = [[{body}]]"]
    script.write_text("\n".join(lines))
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, url],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{url} did not answer well:\n{out}")

    def milliseconds(mark):
        number, unit = re.search(rf"{mark}%\s+([\d.]+)(us|ms|s)", out).groups()
        return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[unit]

    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), milliseconds(50), milliseconds(99)


def cpu_seconds(process):
    """CPU time of a process so far; it depends little on the load of the machine."""
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(name, measure, seconds, process, base=None):
    """Runs one measurement and prints it; returns its requests per second."""
    before = cpu_seconds(process)
    rate, p50, p99 = measure()
    cpu = 1e6 * (cpu_seconds(process) - before) / (rate * seconds)
    ratio = f"  {rate / base:5.2f} of the first" if base else ""
    print(
        f"{name:38} {rate:8.0f}/s  p50 {p50:6.2f} ms  p99 {p99:6.2f} ms  {cpu:4.0f} us CPU{ratio}"
    )
    return rate


def requests(emulator, seconds, folder):
    invoke = "/2015-03-31/functions/echo/invocations"
    wrk(emulator.api + "/fn/echo/", 1, folder, body=BODY)
    process = emulator.process.pid

    def measure(name, path, base=None, body=BODY, connections=CONNECTIONS):
        return show(
            name,
            lambda: wrk(emulator.api + path, seconds, folder, connections, body),
            seconds,
            process,
            base,
        )

    ceiling = measure("/healthz, no function", "/healthz", body=None)
    measure("function URL, echo, 1 KB", "/fn/echo/", ceiling)
    measure("Invoke API, echo, 1 KB", invoke, ceiling)
    one = measure("Invoke API, one connection", invoke, ceiling, connections=1)
    if not RIE:
        print("AWS's emulator: not measured (AWS_LAMBDA_RIE is not set)")
        return
    bootstrap = subprocess.Popen(
        [
            RIE,
            "--runtime-interface-emulator-address",
            f"127.0.0.1:{RIE_PORT}",
            conftest.BIN / "echo-function",
            "echo",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | {"_HANDLER": "echo"},
    )
    try:
        time.sleep(1)
        # It has one instance, so more connections would only wait.
        url = f"http://127.0.0.1:{RIE_PORT}/2015-03-31/functions/function/invocations"
        peer = show(
            "AWS's own emulator, one connection",
            lambda: wrk(url, seconds, folder, 1, BODY),
            seconds,
            bootstrap.pid,
        )
        print(f"Invoke API over AWS's emulator, one connection: {one / peer:.2f}")
    finally:
        bootstrap.kill()
        bootstrap.wait()


def dispatch(emulator, folder):
    """Time from sending a PUT, which is durable once answered, to the start of the handler."""
    s3 = boto3.client(
        "s3",
        endpoint_url=emulator.s3,
        region_name="us-east-1",
        aws_access_key_id="spool",
        aws_secret_access_key="spool-secret",
    )
    host = urllib.parse.urlsplit(emulator.s3).netloc
    connection = http.client.HTTPConnection(host)
    sent, answered = {}, {}
    for number in range(PUTS):
        key = f"bench/{number}"
        url = s3.generate_presigned_url("put_object", Params={"Bucket": "spool", "Key": key})
        target = url[url.index("/", 8) :]
        sent[key] = time.time()
        connection.request("PUT", target, b"x" * 1000)
        answer = connection.getresponse()
        answer.read()
        answered[key] = time.time()
        assert answer.status == 200
        time.sleep(0.01)
    log = folder / "starts"
    conftest.wait_until(
        "all events", lambda: log.exists() and len(log.read_text().splitlines()) >= PUTS
    )
    starts = dict(line.split() for line in log.read_text().splitlines())

    def table(name, since):
        # The first events each start an instance.
        times = sorted(1000 * (float(starts[key]) - since[key]) for key in list(since)[20:])
        print(
            f"{name:38} p50 {statistics.median(times):5.2f} ms  "
            f"p99 {times[int(len(times) * 0.99)]:5.2f} ms  max {times[-1]:5.2f} ms"
        )

    table("PUT sent -> handler starts", sent)
    table("PUT answered -> handler starts", answered)


async def instances(emulator):
    """Concurrent calls, each of which needs its own instance."""
    host, port = urllib.parse.urlsplit(emulator.api).netloc.split(":")
    body = json.dumps({"sleep_ms": 8000})

    async def call():
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST /2015-03-31/functions/many/invocations HTTP/1.1\r\nHost: {host}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()
        )
        answer = await reader.read()
        writer.close()
        return answer.split(b" ", 2)[1] == b"200" and b"X-Amz-Function-Error" not in answer

    begin = time.monotonic()
    good = sum(await asyncio.gather(*(call() for _ in range(INSTANCES))))
    seconds = time.monotonic() - begin
    listed = conftest.http("GET", emulator.api + "/console/api/functions").json()["functions"]
    count = next(len(f["instances"]) for f in listed if f["name"] == "many")
    print(
        f"{INSTANCES} calls of 8 s at once: {good} answered by {count} instances in "
        f"{seconds:.2f} s, {1000 * (seconds - 8) / INSTANCES:.1f} ms to start an instance"
    )


def main():
    if not shutil.which("wrk"):
        raise SystemExit("This benchmark needs wrk: apt-get install wrk")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder) / "bench"
        emulator = start(folder)
        try:
            requests(emulator, seconds, folder)
            dispatch(emulator, folder)
            asyncio.run(instances(emulator))
        finally:
            emulator.stop()


main()
