#!/usr/bin/env python3
"""The emulator's store compared with nginx and a plain file: bodies of any size, listings, memory.

One run, in rounds; two peers are measured one after the other on the same folder and file:
  GET of 256 MB       curl from the store and from nginx (sendfile on)
  PUT of 256 MB       curl to the store, and dd with conv=fsync into a file next to it
  small objects       presigned PUT and GET of 1 KB, wrk, 16 connections, each PUT durable
  listing             100,000 keys, 1,000 per page
  memory              peak of the process (VmHWM) at the end
Prints the median of the rounds and the ratios. It needs nginx (Debian: nginx-light), which
`scripts/setup` does not install: its package starts a server. Usage: store_benchmark.py [ROUNDS]
"""

import concurrent.futures
import http.client
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
import botocore.client  # noqa: E402

import conftest  # noqa: E402

MB = 1_000_000
LARGE = 256 * MB
SMALL, SECONDS, CONNECTIONS = 1_000, 8, 16
KEYS = 100_000


def client(emulator):
    return boto3.client(
        "s3",
        endpoint_url=emulator.s3,
        aws_access_key_id="spool",
        aws_secret_access_key="spool-secret",
        region_name="us-east-1",
        config=botocore.client.Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )


def curl(*arguments):
    """Seconds of one transfer, by the clock of curl."""
    out = subprocess.run(
        ["curl", "-sS", "--fail", "-o", "/dev/null", "-w", "%{time_total}", *arguments],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(out.stdout)


class Nginx:
    """nginx with its packaged defaults for files (sendfile, tcp_nopush) on a folder."""

    def __init__(self, folder, files):
        self.folder = folder / "nginx"
        self.folder.mkdir()
        self.port = 18_080
        (self.folder / "nginx.conf").write_text(f"""
            user root; worker_processes auto; pid {self.folder}/pid; error_log {self.folder}/error;
            events {{ worker_connections 768; }}
            http {{ sendfile on; tcp_nopush on; access_log off;
                client_body_temp_path {self.folder}; proxy_temp_path {self.folder};
                fastcgi_temp_path {self.folder}; uwsgi_temp_path {self.folder};
                scgi_temp_path {self.folder};
                server {{ listen 127.0.0.1:{self.port}; root {files}; }} }}""")
        self.process = subprocess.Popen(
            [
                shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"),
                "-c",
                self.folder / "nginx.conf",
                "-g",
                "daemon off;",
            ]
        )
        self.url = f"http://127.0.0.1:{self.port}"
        for _ in range(100):
            try:
                http.client.HTTPConnection("127.0.0.1", self.port).request("GET", "/")
                return
            except OSError:
                time.sleep(0.05)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def large(running, nginx, folder, rounds):
    s3, source = client(running), folder / "files/large"
    url = {
        name: s3.generate_presigned_url(
            name, Params={"Bucket": "spool", "Key": "large"}, ExpiresIn=3_600
        )
        for name in ["put_object", "get_object"]
    }
    times = {name: [] for name in ["put", "dd", "get", "nginx", "plain", "parts"]}

    def put(_):
        times["put"].append(curl("-T", source, url["put_object"]))

    def write(number):
        # A new file each time, as in the store: blocks that were just freed are in the
        # memory of the virtual disk's host, and twice as fast.
        began = time.monotonic()
        subprocess.run(
            ["dd", f"if={source}", f"of={folder}/copy-{number}", "bs=1M", "conv=fsync"],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        times["dd"].append(time.monotonic() - began)

    for number in range(rounds):
        for step in (put, write) if number % 2 else (write, put):
            step(number)
        times["get"].append(curl(url["get_object"]))
        times["nginx"].append(curl(f"{nginx.url}/large"))
    upload = s3.create_multipart_upload(Bucket="spool", Key="parts")["UploadId"]
    data, parts = source.read_bytes(), []
    for number in range(16):
        part = data[number * LARGE // 16 : (number + 1) * LARGE // 16]
        parts.append(
            {
                "PartNumber": number + 1,
                "ETag": s3.upload_part(
                    Bucket="spool", Key="parts", UploadId=upload, PartNumber=number + 1, Body=part
                )["ETag"],
            }
        )
    began = time.monotonic()
    s3.complete_multipart_upload(
        Bucket="spool", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    complete = time.monotonic() - began
    in_parts = s3.generate_presigned_url(
        "get_object", Params={"Bucket": "spool", "Key": "parts"}, ExpiresIn=3_600
    )
    times["parts"] = [curl(in_parts) for _ in range(rounds)]
    middle = {name: statistics.median(values) for name, values in times.items() if values}

    def paired(peer, mine):
        return statistics.median(p / m for p, m in zip(times[peer], times[mine], strict=True))

    rate = {name: LARGE / seconds / MB for name, seconds in middle.items()}
    print(
        f"GET 256 MB: {rate['get']:.0f} MB/s, nginx {rate['nginx']:.0f} MB/s: "
        f"{paired('nginx', 'get'):.2f} of nginx (target 0.9)"
    )
    print(
        f"GET 256 MB uploaded in 16 parts: {rate['parts']:.0f} MB/s; "
        f"completing them took {complete * 1_000:.0f} ms"
    )
    print(
        f"PUT 256 MB: {rate['put']:.0f} MB/s, write and fsync {rate['dd']:.0f} MB/s: "
        f"{paired('dd', 'put'):.2f} of it (target 0.7)"
    )


def wrk(running, folder, script):
    path = folder / "wrk.lua"
    path.write_text(script)
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", "-s", path, running.s3],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Non-2xx" not in out, out
    unit = {"us": 0.001, "ms": 1, "s": 1_000}
    latency = [
        float(value) * unit[name]
        for value, name in re.findall(r"(?:50|99)%\s+([\d.]+)(us|ms|s)", out)
    ]
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), *latency


def small(running, folder):
    s3 = client(running)
    paths = {}
    for name in ["put_object", "get_object"]:
        urls = [
            s3.generate_presigned_url(
                name, Params={"Bucket": "spool", "Key": f"small/{number}"}, ExpiresIn=3_600
            )
            for number in range(2_000)
        ]
        paths[name] = ",".join(f'"{url[len(running.s3) :]}"' for url in urls)
    lua = """
        local paths = {%s}
        local body = string.rep("x", %d)
        local n = 0
        request = function()
          n = n + 1
          return wrk.format("%s", paths[n %% #paths + 1], {["Content-Type"] = ""}, %s)
        end"""
    for name, method, body in [("put_object", "PUT", "body"), ("get_object", "GET", "nil")]:
        rate, middle, last = wrk(running, folder, lua % (paths[name], SMALL, method, body))
        print(
            f"{method} of 1 KB: {rate:.0f}/s, p50 {middle:.1f} ms, p99 {last:.1f} ms"
            + (" (durable)" if method == "PUT" else "")
        )


def listing(running):
    """Fills the index through the store, then reads it page by page."""
    s3 = client(running)

    def fill(first):
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(running.s3).netloc)
        for number in range(first, first + KEYS // 8):
            url = s3.generate_presigned_url(
                "put_object", Params={"Bucket": "spool", "Key": f"list/{number:07}"}
            )
            connection.request("PUT", url[len(running.s3) :], body=b"x")
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(fill, range(0, KEYS, KEYS // 8)))
    print(f"({KEYS} keys put in {time.monotonic() - began:.0f} s by Python)")
    pages, count, token = [], 0, None
    while True:
        url = s3.generate_presigned_url(
            "list_objects_v2",
            Params={"Bucket": "spool", "Prefix": "list/"}
            | ({"ContinuationToken": token} if token else {}),
        )
        began = time.monotonic()
        answer = conftest.http("GET", url)
        pages.append(time.monotonic() - began)
        text = answer.body.decode()
        count += text.count("<Key>")
        found = re.search("<NextContinuationToken>(.+?)<", text)
        if not found:
            break
        token = found[1]
    assert count == KEYS, count
    print(
        f"listing of {KEYS} keys: {sum(pages):.2f} s, {count / sum(pages):.0f} keys/s, "
        f"p99 of a page {sorted(pages)[int(len(pages) * 0.99) - 1] * 1_000:.1f} ms"
    )


def memory(running):
    status = pathlib.Path(f"/proc/{running.process.pid}/status").read_text()
    return {
        name: int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1_000 for name in ["VmHWM", "VmRSS"]
    }


def main():
    if not shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin"):
        raise SystemExit("store_benchmark.py needs nginx: apt-get install nginx-light")
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spool-store-bench-"))
    (folder / "files").mkdir()
    with open(folder / "files/large", "wb") as file:
        for _ in range(LARGE // MB):
            file.write(os.urandom(MB))
    running = conftest.Emulator(folder / "data").start()
    nginx = Nginx(folder, folder / "files")
    try:
        large(running, nginx, folder, rounds)
        print(
            "memory after them: peak {VmHWM:.0f} MB, now {VmRSS:.0f} MB".format(**memory(running))
        )
        small(running, folder)
        listing(running)
        print(
            "memory at the end: peak {VmHWM:.0f} MB, now {VmRSS:.0f} MB".format(**memory(running))
        )
    finally:
        nginx.stop()
        running.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
