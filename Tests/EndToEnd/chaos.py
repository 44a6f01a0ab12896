"""Exports, batches, uploads and webhooks under random kills and faults, compared with a
reference that nothing disturbed.

    .venv/bin/python Tests/EndToEnd/chaos.py --seed 1 --rounds 30

prints one line for each round and a table. Exit status 1 if an invariant was broken. A round
depends on the seed and its number alone: `--first 17 --rounds 1` repeats round 17.
"""

import argparse
import collections
import concurrent.futures
import contextlib
import ctypes
import hashlib
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error

from emulator_process import ROOT, Emulator, http
from fault_proxy import ChanceFaults, FaultProxy, catalogue_through
from store_clients import s3_client
from test_notify import Receiver, register
from waiting import wait_until

ENDED = ("completed", "failed", "cancelled")
PLANS = ["kills", "faults", "kills and faults", "disk", "lost event"]
# A lost event is found by the sweep after two minutes without progress.
WEIGHTS = [8, 5, 5, 3, 1]
KILLS = ["instance", "ffmpeg", "emulator", "everything", "stop"]
# What a caller sees while the emulator is dead, restarts or is under faults.
TRANSIENT = (urllib.error.URLError, ConnectionError, TimeoutError, OSError, ValueError)


def make_media(folder):
    """Two small clips, one of them slow to encode again, and music."""

    def ffmpeg(*arguments):
        subprocess.run(
            ["ffmpeg", "-nostdin", "-v", "error", "-y", *map(str, arguments)], check=True
        )

    picture = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15"]
    tone = ["-f", "lavfi", "-i", "sine=440:r=48000:d=4"]
    source = ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=4"]
    ffmpeg(*source, *tone, *picture, "-c:a", "aac", folder / "a.mp4")
    source = ["-f", "lavfi", "-i", "mandelbrot=s=240x160:r=25", "-t", "3"]
    ffmpeg(*source, *picture, folder / "b.mp4")
    return {"a": folder / "a.mp4", "b": folder / "b.mp4"}


def clip(asset, start, length, **more):
    return {
        "asset": {"type": "video", "assetId": asset},
        "start": start,
        "length": length,
    } | more


def edits(assets):
    """One edit of each kind, by name."""
    a, b = assets["a"], assets["b"]
    size = {"width": 192, "height": 108}
    common = {"size": size, "fps": 30, "preset": "ultrafast", "chunkSeconds": 0.5}

    def edit(tracks, soundtrack=None, **output):
        timeline = {"tracks": [{"clips": clips} for clips in tracks]}
        if soundtrack:
            timeline["soundtrack"] = soundtrack
        return {"timeline": timeline, "output": common | output}

    cut = [clip(a, 0, 1.5), clip(b, 1.5, 1, transition={"in": "fade"})]
    return {
        "cut": edit([cut], {"assetId": a, "volume": 0.3}),
        "lossless": edit([[clip(b, 0.2, 1, scale=0.4)], [clip(a, 0, 2)]], codec="lossless"),
        "speed": edit([[clip(a, 0, 1, speed=2), clip(b, 1, 1)]]),
        "webm": edit([[clip(a, 0, 1)]], format="webm"),
        "gif": edit([[clip(b, 0, 1)]], format="gif", fps=10),
        "wav": edit([[clip(a, 0, 3)]], format="wav"),
        "still": edit([[clip(b, 0, 1)]], format="png"),
        "smart": edit(
            [[clip(a, 0, 3, trim=0.4)]],
            size={"width": 320, "height": 180},
            smartCut=True,
            chunkSeconds=1.5,
        ),
        "hls": edit([[clip(a, 0, 2)]], hls=True),
        "film": edit([[clip(a, 0, 3), clip(b, 3, 1)]], crf=12, preset="veryslow"),
    }


def with_noise(path, folder, noise):
    """The same film with a `free` box of its own, so that nothing of it is in the cache."""
    copy = folder / f"{path.stem}-{noise.hex()}.mp4"
    copy.write_bytes(path.read_bytes() + (8 + len(noise)).to_bytes(4, "big") + b"free" + noise)
    return copy


def digest(body):
    return hashlib.sha256(body).hexdigest()


class Violation(Exception):
    """An invariant that does not hold."""


class Machine:
    """The emulator under test, which may be dead at any time."""

    def __init__(self, folder, proxy, receiver, arguments=()):
        self.folder, self.proxy = folder, proxy
        self.lock = threading.RLock()
        self.emulator = Emulator(
            folder / "data",
            functions=catalogue_through(proxy, ROOT / "infra/functions.json", folder),
            arguments=arguments,
            SPOOL_WEBHOOK_ALLOW="127.0.0.1",
            SPOOL_WEBHOOK_RETRY_SCALE="0.0005",
        )
        self.start()
        register(
            self.emulator, receiver.url, "export.completed", "export.failed", "batch.completed"
        )

    def start(self):
        with self.lock:
            self.emulator.start()
            self.proxy.aim(self.emulator.s3)

    def call(self, *arguments):
        return self.emulator.call(*arguments)

    def descendants(self, name=None):
        """Process IDs below the emulator, the nearest first."""
        listed = subprocess.run(
            ["ps", "-eo", "pid=,ppid=,comm="], capture_output=True, text=True, check=True
        ).stdout
        rows = [line.split(None, 2) for line in listed.splitlines()]
        found, parents = [], {self.emulator.process.pid}
        while parents:
            below = [row for row in rows if int(row[1]) in parents]
            found += [int(row[0]) for row in below if name is None or row[2].startswith(name)]
            parents = {int(row[0]) for row in below}
        return found

    def kill(self, kind, draw):
        """Returns the number of processes that were killed."""
        with self.lock:
            if self.emulator.process.poll() is not None:
                return 0
            if kind in ("instance", "ffmpeg"):
                name = {"instance": "bootstrap", "ffmpeg": "ff"}[kind]
                chosen = self.descendants(name)
                for _ in range(40 if not chosen else 0):
                    time.sleep(0.05)
                    if chosen := self.descendants(name):
                        break
                chosen = [draw.choice(chosen)] if chosen else []
            elif kind == "stop":
                self.emulator.stop()
                self.start()
                return 1
            else:
                chosen = self.descendants() if kind == "everything" else []
                self.emulator.process.kill()
            killed = sum(kill(process) for process in chosen)
            if kind in ("emulator", "everything"):
                self.emulator.kill()
                killed += 1
                if draw.random() < 0.5:
                    time.sleep(draw.uniform(0, 0.5))
                self.start()
            return killed

    def lose_events(self, draw):
        """Deletes one queued invocation, as a platform that loses an event."""
        with self.lock:
            self.emulator.kill()
            with contextlib.closing(sqlite3.connect(self.folder / "data/spool.sqlite")) as database:
                rows = [
                    row[0]
                    for row in database.execute(
                        "SELECT id FROM async_invocation WHERE function IN"
                        " ('render-chunk', 'stitch-export')"
                    )
                ]
                if rows:
                    database.execute(
                        "DELETE FROM async_invocation WHERE id = ?", [draw.choice(rows)]
                    )
                    database.commit()
            self.start()
            return min(1, len(rows))


def kill(process):
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return 0
    return 1


class Disk:
    """A file system of its own for the data folder, which can become full."""

    def __init__(self, folder):
        self.folder = folder
        self.is_mounted = False
        if os.geteuid() == 0:
            libc = ctypes.CDLL(None, use_errno=True)
            self.is_mounted = (
                libc.mount(b"tmpfs", str(folder).encode(), b"tmpfs", 0, b"size=2g") == 0
            )

    def resize(self, size):
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)

    def fill(self, spare):
        used = shutil.disk_usage(self.folder).used
        self.resize(used + spare)

    def release(self):
        if self.is_mounted:
            subprocess.run(["umount", "-l", self.folder], check=False)


def patiently(what, attempt, seconds=90):
    """Repeats a call until it returns a value, as a client does after an error that may pass."""

    def once():
        try:
            return attempt()
        except TRANSIENT:
            time.sleep(0.1)
            return None

    return wait_until(what, once, seconds)


class Chaos:
    """Rounds on one emulator."""

    def __init__(self, seed, folder, disordered=False):
        self.seed, self.folder = seed, pathlib.Path(folder)
        self.media = make_media(self.folder)
        self.receiver = Receiver()
        self.faults = ChanceFaults(seed)
        self.proxy = FaultProxy(self.faults.choose)
        self.counts = collections.Counter()
        self.checked = set()
        self.reference = self.undisturbed()
        (self.folder / "data").mkdir()
        self.disk = Disk(self.folder / "data")
        arguments = ("--disorder", str(seed % 2**32)) if disordered else ()
        self.machine = Machine(self.folder, self.proxy, self.receiver, arguments)

    def close(self):
        self.machine.emulator.kill()
        self.proxy.stop()
        self.receiver.stop()
        self.disk.release()

    def undisturbed(self):
        """Digest of each kind's output on an emulator that nothing disturbs."""
        emulator = Emulator(self.folder / "reference").start()
        try:
            assets = {name: emulator.upload(path) for name, path in self.media.items()}
            jobs = {name: emulator.start_export(edit) for name, edit in edits(assets).items()}
            found = {}
            for name, job in jobs.items():
                status = emulator.wait(job)
                assert status["state"] == "completed", (name, status)
                found[name] = digest(http("GET", status["downloadUrl"]).body)
            return found
        finally:
            emulator.stop()

    # One round

    def round(self, number, kinds=None, kill_count=None, exports=None):
        """Runs one round; raises a Violation."""
        draw = random.Random(f"{self.seed}/{number}")
        plan = draw.choices(PLANS, WEIGHTS)[0]
        if kinds:
            plan = kinds[number % len(kinds)]
        if plan == "disk" and not self.disk.is_mounted:
            plan = "kills"
        started = time.monotonic()
        names = draw.sample(sorted(self.reference), exports or draw.randint(2, 4))
        noise = draw.randbytes(8)
        before = dict(self.counts)
        self.counts[f"rounds: {plan}"] += 1
        if "faults" in plan:
            self.faults.rate = draw.uniform(0.03, 0.1)
        stop = threading.Event()
        chaos = threading.Thread(
            target=self.disturb, args=(plan, draw, kill_count or draw.randint(1, 3), stop)
        )
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            chaos.start()
            try:
                uploads = {
                    name: pool.submit(self.upload, with_noise(path, self.folder, noise))
                    for name, path in self.media.items()
                }
                assets = {name: upload.result() for name, upload in uploads.items()}
                batch = pool.submit(self.start_batch, assets["b"], number)
                wanted = edits(assets)
                starts = {
                    name: pool.submit(self.start, wanted[name], f"{number}-{name}")
                    for name in names
                }
                jobs = {name: each.result() for name, each in starts.items()}
                batch = batch.result()
            finally:
                stop.set()
                chaos.join()
                self.faults.end()
            ends = {name: pool.submit(self.ended, job) for name, job in jobs.items()}
            statuses = {name: each.result() for name, each in ends.items()}
        self.check_exports(statuses)
        self.check_batch(batch)
        self.check_uploads(assets, noise)
        self.check_webhooks({*jobs.values(), batch})
        self.check_cache()
        self.check_leftovers()
        for path in self.folder.glob(f"*-{noise.hex()}.mp4"):
            path.unlink()
        seconds = time.monotonic() - started
        changes = {
            key: value - before.get(key, 0)
            for key, value in self.counts.items()
            if value != before.get(key, 0) and not key.startswith("rounds")
        }
        return f"round {number}: {plan}, {' '.join(names)}: {seconds:.1f} s, {changes}"

    def disturb(self, plan, draw, kill_count, stop):
        """Kills and other disturbances in the first seconds of a round."""
        if plan == "disk":
            stop.wait(draw.uniform(0.3, 1.5))
            self.disk.fill(draw.randint(50_000, 1_500_000))
            self.counts["disk full"] += 1
            time.sleep(draw.uniform(1, 3))
            self.disk.resize("2g")
            return
        for number in range(kill_count if "kills" in plan else 0):
            # The first may come during the uploads, the others once the work has begun.
            if number > 0 or draw.random() < 0.6:
                stop.wait(15)
            time.sleep(draw.uniform(0.05, 2))
            kind = draw.choice(KILLS)
            if self.machine.kill(kind, draw):
                self.counts[f"killed: {kind}"] += 1
        if plan == "faults":
            stop.wait(8)
            time.sleep(draw.uniform(0.5, 2.5))
        if plan == "lost event":
            stop.wait(8)
            time.sleep(draw.uniform(0, 0.8))
            self.counts["lost events"] += self.machine.lose_events(draw)

    # Calls

    def upload(self, path):
        def attempt():
            try:
                return self.machine.emulator.upload(path)
            except (AssertionError, KeyError, TypeError):
                return None

        asset = patiently(f"an upload of {path.name}", attempt)
        self.counts["uploads"] += 1
        return asset

    def start(self, edit, token):
        def attempt():
            answer = self.machine.call(
                "POST", "/api/export", edit | {"clientToken": f"{self.seed}-{token}"}
            )
            if answer.status < 500 and answer.status not in (202, 429):
                raise Violation(f"export refused: {answer.status} {answer.body}")
            return answer.json()["jobId"] if answer.status == 202 else None

        job = patiently("an accepted export", attempt)
        self.counts["exports"] += 1
        return job

    def start_batch(self, asset, number):
        def attempt():
            answer = self.machine.call("POST", "/api/jobs", {"assets": [asset], "variations": 2})
            return answer.json()["job_id"] if answer.status == 201 else None

        batch = patiently("an accepted batch", attempt)
        self.counts["batches"] += 1
        return batch

    def ended(self, job, seconds=240):
        def look():
            status = self.machine.call("GET", f"/api/export/{job}/status").json()
            return status if status.get("state") in ENDED else time.sleep(0.1)

        try:
            return patiently(f"the end of {job}", look, seconds)
        except AssertionError as error:
            raise Violation(f"lost: {error}") from error

    # Invariants

    def check_exports(self, statuses):
        for name, status in statuses.items():
            if status["state"] != "completed":
                raise Violation(f"wrongly failed: {name}: {json.dumps(status)}")
            body = http("GET", self.ended(status["jobId"])["downloadUrl"]).body
            if digest(body) != self.reference[name]:
                raise Violation(f"wrong: {name} of {status['jobId']} differs from the reference")
            self.counts["exports equal to the reference"] += 1

    def check_batch(self, batch):
        def look():
            job = self.machine.call("GET", f"/api/jobs/{batch}").json()
            return job if job["status"] in ("complete", "failed", "cancelled") else None

        job = patiently(f"the end of {batch}", look, 240)
        if job["status"] != "complete" or not all(each["ready"] for each in job["results"]):
            raise Violation(f"wrongly failed: {json.dumps(job)}")

    def check_uploads(self, assets, noise):
        s3 = s3_client(self.machine.emulator)
        for name, asset in assets.items():
            listed = s3.list_objects_v2(Bucket="spool", Prefix=f"uploads/local/{asset}/")
            key = listed["Contents"][0]["Key"]
            stored = s3.get_object(Bucket="spool", Key=key)["Body"].read()
            if stored != (self.folder / f"{name}-{noise.hex()}.mp4").read_bytes():
                raise Violation(f"wrong: the upload {key} differs from what was sent")

    def check_webhooks(self, jobs):
        """Each end is announced; the schedule's function is called instead of waited for."""

        def all_arrived():
            with self.receiver.lock:
                arrived = [json.loads(request["body"]) for request in self.receiver.requests]
            ids = {each["data"].get("jobId") or each["data"].get("batchId") for each in arrived}
            missing = jobs - ids
            if missing:
                self.machine.call("POST", "/2015-03-31/functions/deliver-webhooks/invocations", {})
                time.sleep(0.2)
            return not missing

        try:
            # A lost event of a result is found by its age of minutes.
            patiently("a webhook of each end", all_arrived, 400)
        except AssertionError as error:
            raise Violation(f"lost: {error}") from error
        self.counts["webhooks"] += len(jobs)

    def check_cache(self):
        """Every receipt names a unit with all its frames."""
        s3 = s3_client(self.machine.emulator)
        seen = set()
        for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket="spool", Prefix="exports/local/"
        ):
            for entry in page.get("Contents", []):
                found = re.search(r"/receipts/(\d+-\d+)\.json$", entry["Key"])
                if not found or entry["Key"] in self.checked:
                    continue
                self.checked.add(entry["Key"])
                receipt = json.loads(s3.get_object(Bucket="spool", Key=entry["Key"])["Body"].read())
                if receipt["key"] not in seen:
                    seen.add(receipt["key"])
                    self.check_unit(s3, receipt)

    def check_unit(self, s3, receipt):
        path = self.folder / "unit.mp4"
        try:
            path.write_bytes(s3.get_object(Bucket="spool", Key=receipt["key"])["Body"].read())
        except s3.exceptions.NoSuchKey:
            return
        count = subprocess.run(
            [
                *"ffprobe -v error -count_packets -select_streams v:0".split(),
                *"-show_entries stream=nb_read_packets -of csv=p=0".split(),
                path,
            ],
            capture_output=True,
            text=True,
            check=False,
        ).stdout.strip()
        if count != str(receipt["frames"]):
            raise Violation(
                f"poisoned: {receipt['key']} has {count or 'no'} of {receipt['frames']} frames"
            )
        self.counts["cached chunks counted"] += 1

    def check_leftovers(self):
        """No process without a parent, no temporary file, no marker of an ended export."""

        def quiet():
            orphans = [
                line
                for line in subprocess.run(
                    ["ps", "-eo", "ppid=,args="], capture_output=True, text=True, check=True
                ).stdout.splitlines()
                if line.split(None, 1)[0] == "1" and str(self.folder) in line
            ]
            data = self.folder / "data"
            files = [p for p in (data / "objects/tmp").glob("**/*") if p.is_file()]
            ffmpegs = self.machine.descendants("ffmpeg")
            files += (data / "scratch").glob("**/unit-*") if not ffmpegs else []
            markers = [
                entry["Key"]
                for entry in s3_client(self.machine.emulator)
                .list_objects_v2(Bucket="spool", Prefix="active/")
                .get("Contents", [])
            ]
            self.left = orphans, files, markers
            if any(self.left) or ffmpegs:
                # The sweep removes the markers of ends that were interrupted.
                self.machine.call("POST", "/2015-03-31/functions/sweep/invocations", {})
                time.sleep(0.3)
                return False
            return True

        try:
            patiently("nothing left", quiet, 60)
        except AssertionError as error:
            raise Violation(f"leaked: {self.left}") from error


def run(seed, rounds, first=0, folder=None, report=print, **options):
    """Runs rounds until the first violation; returns the counts and the violations."""
    with tempfile.TemporaryDirectory(prefix="spool-chaos-") as made:
        chaos = Chaos(seed, folder or made, disordered=seed % 2 == 1)
        broken = []
        try:
            for number in range(first, first + rounds):
                try:
                    report(chaos.round(number, **options))
                except (Violation, AssertionError) as violation:
                    broken.append(f"seed {seed}, round {number}: {violation}")
                    report(broken[-1])
                    if chaos.machine.emulator.process.poll() is not None:
                        chaos.machine.start()
            chaos.counts["requests through the proxy"] = chaos.proxy.requests
            for kind, count in chaos.proxy.counts.items():
                chaos.counts[f"fault: {kind}"] = count
            chaos.counts["fault: second of a pair"] = chaos.faults.pairs
            if broken:
                log = pathlib.Path(chaos.machine.emulator.data).parent / "data.log"
                kept = pathlib.Path(tempfile.gettempdir()) / f"spool-chaos-{seed}.log"
                shutil.copy(log, kept)
                report(f"log: {kept}")
        finally:
            chaos.close()
        return chaos.counts, broken


def main():
    parser = argparse.ArgumentParser(description="Random kills and faults, checked.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(31))
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", flush=True)
    counts, broken = run(
        arguments.seed,
        arguments.rounds,
        arguments.first,
        report=lambda line: print(line, flush=True),
    )
    for name, count in sorted(counts.items()):
        print(f"{name:36} {count}")
    print(f"{'broken invariants':36} {len(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
