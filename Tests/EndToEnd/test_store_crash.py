"""The store under kill -9, and under a race. More rounds: SPOOL_CRASHES, SPOOL_RACES."""

import concurrent.futures
import hashlib
import os
import random
import threading
import urllib.error

import botocore.client
import botocore.exceptions

import conftest
from store_clients import s3_client
from waiting import wait_until

CRASHES = int(os.environ.get("SPOOL_CRASHES", "25"))
RACES = int(os.environ.get("SPOOL_RACES", "50"))


def in_parts(s3, key, content):
    upload = s3.create_multipart_upload(Bucket="spool", Key=key)["UploadId"]
    pieces = [content[: 5 << 20], content[5 << 20 :]] if len(content) > 5 << 20 else [content]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(
                Bucket="spool", Key=key, UploadId=upload, PartNumber=number, Body=piece
            )["ETag"],
        }
        for number, piece in enumerate(pieces, 1)
    ]
    s3.complete_multipart_upload(
        Bucket="spool", Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
    )


def load(emulator, sent, stored, dead):
    """Stores bodies, whole and in parts, and copies until the emulator has died."""
    s3 = s3_client(emulator)
    while not dead.is_set():
        kind = random.choice(["put"] * 8 + ["parts", "copy"])
        content = random.randbytes(random.choice([100, 10_000, 40_000, 300_000]))
        if kind == "parts":
            content = content * (1 if random.random() < 0.7 else (6 << 20) // len(content))
        digest = hashlib.sha256(content).hexdigest()
        key = f"crash/{random.getrandbits(64):x}"
        try:
            if kind == "parts":
                sent[key] = digest
                in_parts(s3, key, content)
            elif kind == "copy" and stored:
                source = random.choice(list(stored))
                sent[key] = digest = stored[source]
                s3.copy_object(Bucket="spool", Key=key, CopySource=f"spool/{source}")
            else:
                sent[key] = digest
                url = s3.generate_presigned_url(
                    "put_object", Params={"Bucket": "spool", "Key": key}
                )
                answer = conftest.http("PUT", url, content, {"Content-Type": ""})
                assert answer.status == 200, answer.body
        except (urllib.error.URLError, OSError, botocore.exceptions.BotoCoreError):
            return
        stored[key] = digest


def test_acknowledged_writes_survive_kill_9(tmp_path):
    sent, stored = {}, {}
    for _ in range(CRASHES):
        running = conftest.Emulator(tmp_path / "data").start()
        dead, before = threading.Event(), len(stored)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(load, running, sent, stored, dead) for _ in range(4)]
            wait_until("a stored object", lambda before=before: len(stored) > before)
            # The moment of death is random within the load.
            dead.wait(random.uniform(0, 0.3))
            running.kill()
            dead.set()
        for writer in writers:
            writer.result()
    running = conftest.Emulator(tmp_path / "data").start()
    s3, found = s3_client(running), {}
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="spool", Prefix="crash/")
    for page in pages:
        for entry in page.get("Contents", []):
            content = s3.get_object(Bucket="spool", Key=entry["Key"])["Body"].read()
            found[entry["Key"]] = hashlib.sha256(content).hexdigest()
    assert stored.items() <= found.items()
    # A commit whose response was lost is complete; a partial body never is.
    assert found.items() <= sent.items()
    assert len(found) - len(stored) <= 4 * CRASHES
    assert running.stop() == 0


def test_a_race_of_32_has_one_winner(shared):
    s3 = s3_client(shared)
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        for _ in range(RACES):
            key = f"race/{random.getrandbits(64):x}"
            url = s3.generate_presigned_url(
                "put_object", Params={"Bucket": "spool", "Key": key, "IfNoneMatch": "*"}
            )
            start = threading.Barrier(32)

            def put(number, start=start, url=url):
                start.wait()
                return conftest.http(
                    "PUT", url, str(number).encode(), {"Content-Type": "", "If-None-Match": "*"}
                ).status

            statuses = list(pool.map(put, range(32)))
            assert sorted(statuses) == [200] + [412] * 31
            winner = s3.get_object(Bucket="spool", Key=key)["Body"].read()
            assert int(winner) == statuses.index(200)
            s3.delete_object(Bucket="spool", Key=key)
