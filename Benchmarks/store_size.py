#!/usr/bin/env python3
"""The store at its size limits: 5 GiB in one PUT, 50 GiB in parts, a million keys.

Not part of `make bench`: it needs 60 GB of disk and takes minutes. Each size is checked: the ETag
of the PUT, ranges across the borders of parts, a scrub of all blobs, the listing page by page;
and a start with all objects is timed. Usage: store_size.py [put|parts|keys ...]
"""

import base64
import datetime
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402
from store_clients import s3_client  # noqa: E402

GIB = 1 << 30
PART = 512 << 20
KEYS = 1_000_000


def most_memory(running):
    status = pathlib.Path(f"/proc/{running.process.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1_000


def block():
    """512 MiB that cannot be compressed and are fast to make."""
    return os.urandom(1 << 20) * 512


def one_put(running, s3, folder):
    content = block()
    path, digest = folder / "source", hashlib.md5()
    with open(path, "wb") as file:
        for _ in range(10):
            file.write(content)
            digest.update(content)
    url = s3.generate_presigned_url(
        "put_object", Params={"Bucket": "spool", "Key": "five"}, ExpiresIn=3_600
    )
    began = time.monotonic()
    subprocess.run(["curl", "-sS", "--fail", "-T", path, url], check=True)
    seconds = time.monotonic() - began
    path.unlink()
    head = s3.head_object(Bucket="spool", Key="five")
    assert head["ContentLength"] == 5 * GIB
    assert head["ETag"] == f'"{digest.hexdigest()}"'
    print(
        f"5 GiB in one PUT: {seconds:.0f} s, {5 * GIB / seconds / 1e6:.0f} MB/s, MD5 as sent, "
        f"peak memory {most_memory(running):.0f} MB"
    )


def in_parts(running, s3, folder):
    content = block()
    upload = s3.create_multipart_upload(Bucket="spool", Key="fifty")["UploadId"]
    url = s3.generate_presigned_url(
        "upload_part",
        Params={"Bucket": "spool", "Key": "fifty", "UploadId": upload, "PartNumber": 1},
        ExpiresIn=3_600,
    )
    path = folder / "part"
    path.write_bytes(content)
    etag = hashlib.md5(content).hexdigest()
    began = time.monotonic()
    for number in range(1, 101):
        url = s3.generate_presigned_url(
            "upload_part",
            Params={"Bucket": "spool", "Key": "fifty", "UploadId": upload, "PartNumber": number},
            ExpiresIn=3_600,
        )
        subprocess.run(["curl", "-sS", "--fail", "-o", "/dev/null", "-T", path, url], check=True)
    seconds = time.monotonic() - began
    began = time.monotonic()
    done = s3.complete_multipart_upload(
        Bucket="spool",
        Key="fifty",
        UploadId=upload,
        MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": etag} for number in range(1, 101)]
        },
    )
    complete = time.monotonic() - began
    assert done["ETag"].endswith('-100"')
    assert s3.head_object(Bucket="spool", Key="fifty")["ContentLength"] == 50 * GIB
    for border in [PART, 37 * PART, 99 * PART]:
        got = s3.get_object(
            Bucket="spool", Key="fifty", Range=f"bytes={border - 1000}-{border + 999}"
        )["Body"].read()
        assert got == content[-1000:] + content[:1000]
    print(
        f"50 GiB in 100 parts: {seconds:.0f} s, {50 * GIB / seconds / 1e6:.0f} MB/s; completed "
        f"in {complete * 1_000:.0f} ms; peak memory {most_memory(running):.0f} MB"
    )


def million(running, s3, folder):
    """Form posts: one policy allows every key with the prefix."""
    now = datetime.datetime.now(datetime.UTC)
    date, stamp = now.strftime("%Y%m%d"), now.strftime("%Y%m%dT%H%M%SZ")
    credential = f"spool/{date}/us-east-1/s3/aws4_request"
    policy = base64.b64encode(
        json.dumps(
            {
                "expiration": (now + datetime.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "conditions": [
                    {"bucket": "spool"},
                    ["starts-with", "$key", "many/"],
                    {"x-amz-algorithm": "AWS4-HMAC-SHA256"},
                    {"x-amz-credential": credential},
                    {"x-amz-date": stamp},
                ],
            }
        ).encode()
    ).decode()
    key = b"AWS4spool-secret"
    for word in [date, "us-east-1", "s3", "aws4_request"]:
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, policy.encode(), hashlib.sha256).hexdigest()
    fields = {
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": credential,
        "x-amz-date": stamp,
        "policy": policy,
        "x-amz-signature": signature,
    }
    before = "".join(
        f'--b\\r\\nContent-Disposition: form-data; name="{name}"\\r\\n\\r\\n{value}\\r\\n'
        for name, value in fields.items()
    )
    script = folder / "post.lua"
    script.write_text(f"""
        local n, count, thread = 0, {KEYS // 2}, 0
        function setup(t) t:set("first", thread * count); thread = thread + 1 end
        local before = '{before}'
        request = function()
          local key = string.format("many/%07d", first + n)
          if n < count - 1 then n = n + 1 end
          local body = before ..
            '--b\\r\\nContent-Disposition: form-data; name="key"\\r\\n\\r\\n' .. key ..
            '\\r\\n--b\\r\\nContent-Disposition: form-data; name="file"\\r\\n\\r\\nx' ..
            '\\r\\n--b--\\r\\n'
          return wrk.format("POST", "/spool",
            {{["Content-Type"] = "multipart/form-data; boundary=b"}}, body)
        end
        response = function(status)
          if status ~= 204 then print(status) end
        end""")
    began = time.monotonic()
    wrk = subprocess.Popen(
        ["wrk", "-t2", "-c16", "-d1800s", "-s", script, running.s3], stdout=subprocess.DEVNULL
    )

    def posted():
        text = running.call("GET", "/metrics").body.decode()
        return int(re.search(r"^spool_s3_requests_total (\d+)", text, re.M)[1])

    # wrk ends only by time: it puts the last key again until it is stopped.
    first = posted()
    while posted() - first < KEYS + 1_000:
        time.sleep(0.2)
    seconds = time.monotonic() - began
    wrk.terminate()
    wrk.wait()
    count, pages = 0, []
    token = {}
    while True:
        page_began = time.monotonic()
        page = s3.list_objects_v2(Bucket="spool", Prefix="many/", **token)
        pages.append(time.monotonic() - page_began)
        count += page["KeyCount"]
        if not page["IsTruncated"]:
            break
        token = {"ContinuationToken": page["NextContinuationToken"]}
    # wrk makes each thread's first request twice and may send it once.
    assert KEYS - 2 <= count <= KEYS, count
    began = time.monotonic()
    groups = s3.list_objects_v2(Bucket="spool", Delimiter="/")["CommonPrefixes"]
    grouped = time.monotonic() - began
    assert {"Prefix": "many/"} in groups
    print(
        f"{count} keys: posted in {seconds:.0f} s ({count / seconds:.0f}/s); listed in "
        f"{sum(pages):.1f} s by boto3, slowest page {max(pages) * 1_000:.0f} ms; grouped by / in "
        f"{grouped * 1_000:.1f} ms; peak memory {most_memory(running):.0f} MB"
    )


def main():
    sizes = {"put": one_put, "parts": in_parts, "keys": million}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="spool-size-"))
    running = conftest.Emulator(folder / "data").start()
    try:
        for name in sys.argv[1:] or sizes:
            sizes[name](running, s3_client(running), folder)
        assert running.stop() == 0
        began = time.monotonic()
        running = conftest.Emulator(folder / "data").start()
        print(f"start with all objects: {time.monotonic() - began:.1f} s")
        running.stop()
        began = time.monotonic()
        scrub = subprocess.run(
            [conftest.BIN / "local-emulator", "--data", folder / "data", "--scrub"],
            capture_output=True,
            text=True,
            check=False,
        )
        print(f"scrub in {time.monotonic() - began:.0f} s: {scrub.stdout.strip()}")
        assert scrub.returncode == 0
    finally:
        if running.process.poll() is None:
            running.stop()
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
