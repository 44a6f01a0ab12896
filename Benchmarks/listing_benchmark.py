#!/usr/bin/env python3
"""First pages of an owner's lists with 10,000 projects, assets and exports.

The store is filled between two runs of the emulator, by rows in its database that are copies of
objects which the functions wrote. Prints for each list the median and the 99th percentile over
one connection, and of the peer in the same run: the ListObjectsV2 of the same first page alone,
a presigned GET. Usage: listing_benchmark.py [REQUESTS] [ENTRIES]
"""

import hashlib
import http.client
import json
import os
import pathlib
import sqlite3
import statistics
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402
import store_clients  # noqa: E402

# Lists of exports reach back a week.
NEWEST, STEP = int(1_000 * time.time()), 50_000
TIME_MAX = 9_999_999_999_999


def iso(milliseconds):
    seconds, rest = divmod(milliseconds, 1_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{rest:03}Z"


def age(milliseconds):
    return f"{TIME_MAX - milliseconds:013}"


def objects(entries, asset_record, result):
    """Key and body of every object, as the functions write them."""
    for number in range(entries):
        at = NEWEST - STEP * number
        tail = f"{number:020}"
        project = f"prj_{at}_{tail}"
        head = {
            "id": project,
            "name": f"Project {number}",
            "createdAt": iso(at),
            "updatedAt": iso(at),
        }
        first = json.dumps(head, separators=(",", ":"))[:-1] + ",\n"
        yield f"projects/local/{project}.json", first + '"project":{"tracks":[]}}'
        yield f"project-list/local/{age(at)}/{project}", '{"version":1}'
        asset, name = f"local_{at}_{tail}", f"film-{number}.mp4"
        record = asset_record | {
            "id": asset,
            "fileName": name,
            "key": f"uploads/local/{asset}/{name}",
            "createdAtMilliseconds": at,
        }
        yield f"assets/local/{asset}/asset.json", json.dumps(record)
        for kind in ("all", "video"):
            yield f"asset-list/local/{kind}/{age(at)}/{asset}/{name}", '{"version":1}'
        job = f"job_{at}_{tail}"
        yield f"recent/local/{age(at)}/{job}", '{"version":1}'
        yield f"exports/local/{job}/result.json", json.dumps(result)
        pointer = {"version": 1, "owner": "local", "dialect": "clipforge"}
        yield f"jobs/{job}.json", json.dumps(pointer | {"createdAtMilliseconds": at})


def fill(database, entries, asset_record, result):
    """Adds the objects, each a copy of the row of an object that is there already."""
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    row = dict(connection.execute("SELECT * FROM objects WHERE inline_id IS NOT NULL").fetchone())
    names = list(row)
    insert = (
        f"INSERT OR REPLACE INTO objects({','.join(names)}) VALUES({','.join('?' * len(names))})"
    )
    with connection:
        count = 0
        for key, body in objects(entries, asset_record, result):
            body = body.encode()
            inline = connection.execute("INSERT INTO inline_bodies(bytes) VALUES(?)", (body,))
            row |= {
                "key": key.encode(),
                "etag": hashlib.md5(body).hexdigest(),
                "size": len(body),
                "inline_id": inline.lastrowid,
                "crc64": "",
                "headers": json.dumps({"content-type": "application/json"}),
            }
            connection.execute(insert, [row[name] for name in names])
            count += 1
    connection.close()
    return count


def measure(url, requests):
    """Median and 99th percentile in milliseconds of one GET, repeated over one connection."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    times = []
    for number in range(requests + 20):
        started = time.perf_counter()
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{target}: {answer.status} {body[:300]}")
        if number >= 20:
            times.append(1_000 * (time.perf_counter() - started))
    cuts = statistics.quantiles(times, n=100)
    return statistics.median(times), cuts[98]


def show(name, url, peer, requests):
    p50, p99 = measure(url, requests)
    peer50, peer99 = measure(peer, requests)
    print(
        f"{name:34} p50 {p50:6.2f} ms  p99 {p99:6.2f} ms"
        f"   ListObjectsV2 p50 {peer50:6.2f} ms  p99 {peer99:6.2f} ms",
        flush=True,
    )


def main():
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    entries = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        film = folder / "film.mp4"
        conftest.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=25:d=1", film)
        emulator = conftest.Emulator(folder / "data").start()
        asset = emulator.upload(film)
        size = {"width": 64, "height": 64}
        job = emulator.start_export(conftest.single(asset, 1, size=size))
        emulator.wait(job)
        s3 = store_clients.s3_client(emulator)

        def stored(key):
            return json.loads(store_clients.body(s3, "spool", key))

        record = stored(f"assets/local/{asset}/asset.json")
        result = stored(f"exports/local/{job}/result.json")
        emulator.stop()
        database = next(folder.glob("data/**/*.sqlite*"), None) or next(folder.glob("data/**/*.db"))
        count = fill(database, entries, record, result)
        emulator.start()
        print(f"{entries} projects, assets and exports: {count} objects")
        s3 = store_clients.s3_client(emulator)

        def listing(prefix, keys):
            return s3.generate_presigned_url(
                "list_objects_v2", Params={"Bucket": "spool", "Prefix": prefix, "MaxKeys": keys}
            )

        for name, path, prefix, keys in (
            ("GET /api/projects", "/api/projects", "project-list/local/", 50),
            ("GET /api/projects?limit=100", "/api/projects?limit=100", "project-list/local/", 100),
            ("GET /api/assets", "/api/assets", "asset-list/local/all/", 50),
            ("GET /api/assets?kind=video", "/api/assets?kind=video", "asset-list/local/video/", 50),
            (
                "GET /api/assets?name=film-99",
                "/api/assets?name=film-99",
                "asset-list/local/all/",
                1000,
            ),
            ("GET /api/jobs", "/api/jobs", "recent/local/", 21),
            ("GET /api/jobs?limit=100", "/api/jobs?limit=100", "recent/local/", 101),
            ("GET /api/exports, 100 entries", "/api/exports", "recent/local/", 100),
            ("GET /api/jobs, 20 entries", "/api/jobs", "recent/local/", 20),
        ):
            show(name, emulator.api + path, listing(prefix, keys), requests)
        emulator.stop()


main()
