#!/usr/bin/env python3
"""The first page of a ledger of 1,000,000 rows, and balances per second, on SQLite or PostgreSQL.

The ledger is filled between two runs of the emulator, in the form that the functions write. Prints
the median and the 99th percentile of one connection, the rate of wrk with 16 connections, and of
the peer in the same run: a list of projects, which needs no database.
Usage: credits_benchmark.py [sqlite|postgres] [REQUESTS] [ROWS]
"""

import http.client
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[1]
os.environ.setdefault("SPOOL_BIN", str(ROOT / ".build/release"))
sys.path.insert(0, str(ROOT / "Tests/EndToEnd"))
import conftest  # noqa: E402

PLANS = {
    "version": 1,
    "currency": "USD",
    "creditsPerCostUnit": 1000,
    "default": "free",
    "plans": {"free": {"credits": 100}},
}
PATHS = ["/api/credits/local/history", "/api/credits/local", "/api/projects"]


def fill_sqlite(path, rows):
    now = int(1_000 * time.time())
    with sqlite3.connect(path) as database:
        start = database.execute("SELECT max(number) FROM credit_entries").fetchone()[0]
        database.executemany(
            "INSERT INTO credit_entries VALUES('local', ?, 'purchase', ?, 1, ?, '', ?)",
            ((n, f"p{n}", 100 + n, now + n) for n in range(start + 1, start + 1 + rows)),
        )
        database.execute("UPDATE credit_accounts SET entry_count = entry_count + ?", (rows,))


def fill_postgres(url, rows):
    statement = f"""
        INSERT INTO credit_entries SELECT 'local', n, 'purchase', 'p' || n, 1, 100 + n, '', n
        FROM generate_series((SELECT max(number) + 1 FROM credit_entries),
          (SELECT max(number) + {rows} FROM credit_entries)) AS n;
        UPDATE credit_accounts SET entry_count = entry_count + {rows};
        ANALYZE credit_entries"""
    subprocess.run(["psql", "-q", "-c", statement, url], check=True)


def times(emulator, path, count):
    host = urllib.parse.urlsplit(emulator.api).netloc
    connection = http.client.HTTPConnection(host)
    found = []
    for _ in range(count):
        start = time.perf_counter()
        connection.request("GET", path, headers={"Authorization": "Bearer t"})
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        found.append(1_000 * (time.perf_counter() - start))
    return found


def rate(emulator, path):
    output = subprocess.run(
        ["wrk", "-t1", "-c16", "-d5s", "-H", "Authorization: Bearer t", emulator.api + path],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return float(re.search(r"Requests/sec: +([\d.]+)", output)[1])


def measure(folder, kind, url, requests, rows):
    settings = {"SPOOL_PLANS": json.dumps(PLANS), "SPOOL_TOKENS": "t=local"}
    if url:
        settings["SPOOL_DATABASE"] = url
        subprocess.run([conftest.BIN / "spool", "migrate", url], check=True, capture_output=True)
    emulator = conftest.Emulator(folder / "data", **settings).start()
    emulator.call("GET", "/api/credits/local", token="t")
    emulator.stop()
    if url:
        fill_postgres(url, rows)
    else:
        fill_sqlite(folder / "data/accounts.sqlite", rows)
    emulator = conftest.Emulator(folder / "data", **settings).start()
    for path in PATHS:
        times(emulator, path, 20)
        found = sorted(times(emulator, path, requests))
        print(
            f"{kind} {path}: median {statistics.median(found):.2f} ms, "
            f"p99 {found[int(len(found) * 0.99)]:.2f} ms, {rate(emulator, path):.0f}/s"
        )
    emulator.stop()


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "sqlite"
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 500
    rows = int(sys.argv[3]) if len(sys.argv) > 3 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        if kind == "sqlite":
            return measure(folder, kind, None, requests, rows)
        server = subprocess.Popen(
            [ROOT / "scripts/test-postgres"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            url = json.loads(server.stdout.readline())["tcp"]
            return measure(folder, kind, url, requests, rows)
        finally:
            server.stdin.close()
            server.wait(timeout=30)


if __name__ == "__main__":
    main()
