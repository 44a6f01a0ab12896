"""The store on a disk that loses its power, fails or is full (disk_shim.c)."""

import concurrent.futures
import errno
import hashlib
import os
import pathlib
import random
import subprocess
import threading
import urllib.error

import pytest

import conftest
from store_clients import s3_client
from test_store_crash import load
from waiting import wait_until

CUTS = int(os.environ.get("SPOOL_CUTS", "8"))


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "disk_shim.so"
    subprocess.run(
        [
            "cc",
            "-O2",
            "-Wall",
            "-shared",
            "-fPIC",
            "-o",
            library,
            pathlib.Path(__file__).with_name("disk_shim.c"),
        ],
        check=True,
    )
    return library


def emulator(data, shim, image=None, fault=None):
    environment = {"LD_PRELOAD": str(shim)}
    if image:
        environment |= {"DISK_FOLDER": str(data), "DISK_IMAGE": str(image)}
    if fault:
        environment["DISK_FAULT"] = str(fault)
    return conftest.Emulator(data, **environment)


def what_the_disk_holds(image, target):
    """The data folder after the power cut."""
    folders = {
        path.name[len("folder-") :].replace("!", "/"): path.read_text().splitlines()
        for path in image.glob("folder-*")
        if not path.suffix.lstrip(".").isdigit()
    }

    def build(name, place):
        place.mkdir(parents=True, exist_ok=True)
        for line in folders.get(name, []):
            inode, is_folder, entry = line.split(" ", 2)
            if is_folder == "1":
                build(f"{name}/{entry}", place / entry)
                continue
            kept = image / f"inode-{inode}"
            # A name without an fsync of its file: its bytes are unknown.
            (place / entry).write_bytes(kept.read_bytes() if kept.exists() else b"")

    build("", target)


def is_held(data, image):
    """Starts the disk with the current files of the folder."""
    image.mkdir()
    for folder in [data, *filter(pathlib.Path.is_dir, data.rglob("*"))]:
        name = str(folder)[len(str(data)) :].replace("/", "!")
        lines = []
        for entry in folder.iterdir():
            inode = entry.stat().st_ino
            lines.append(f"{inode} {int(entry.is_dir())} {entry.name}\n")
            if entry.is_file():
                (image / f"inode-{inode}").write_bytes(entry.read_bytes())
        (image / f"folder-{name}").write_text("".join(lines))


def test_acknowledged_writes_survive_a_power_cut(tmp_path, shim):
    sent, stored = {}, {}
    data = tmp_path / "data-0"
    data.mkdir()
    for number in range(CUTS):
        image = tmp_path / f"image-{number}"
        is_held(data, image)
        running = emulator(data, shim, image).start()
        dead, before = threading.Event(), len(stored)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            writers = [pool.submit(load, running, sent, stored, dead) for _ in range(4)]
            wait_until(
                "five stored objects",
                lambda stored=stored, before=before: len(stored) > before + 4,
            )
            dead.wait(random.uniform(0, 0.3))
            running.kill()
            dead.set()
        for writer in writers:
            writer.result()
        data = tmp_path / f"data-{number + 1}"
        what_the_disk_holds(image, data)
        running = conftest.Emulator(data).start()
        s3 = s3_client(running)
        found = {}
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket="spool", Prefix="crash/"):
            for entry in page.get("Contents", []):
                content = s3.get_object(Bucket="spool", Key=entry["Key"])["Body"].read()
                found[entry["Key"]] = hashlib.sha256(content).hexdigest()
        assert running.stop() == 0
        assert stored.items() <= found.items()
        assert found.items() <= sent.items()
        sent, stored = dict(found), dict(found)


def test_a_disk_that_fails_ends_the_emulator(tmp_path, shim):
    fault = tmp_path / "fault"
    running = emulator(tmp_path / "data", shim, fault=fault).start()
    s3 = s3_client(running)
    for name, size in [("small", 10), ("large", 100_000)]:
        s3.put_object(Bucket="spool", Key=name, Body=os.urandom(size))
    fault.write_text(str(errno.EIO))
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "spool", "Key": "lost"})
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        conftest.http("PUT", url, b"x" * 100_000, {"Content-Type": ""})
    assert running.process.wait(timeout=10) == 74
    running.log.close()
    assert [r for r in running.log_records() if r.get("level") == "ERROR" and "error" in r]
    fault.unlink()
    running = emulator(tmp_path / "data", shim, fault=fault).start()
    listed = s3_client(running).list_objects_v2(Bucket="spool")["Contents"]
    assert [entry["Key"] for entry in listed] == ["large", "small"]
    # The index fails alike.
    fault.write_text(str(errno.EIO))
    with pytest.raises((urllib.error.URLError, ConnectionError)):
        conftest.http(
            "PUT",
            s3_client(running).generate_presigned_url(
                "put_object", Params={"Bucket": "spool", "Key": "lost"}
            ),
            b"x",
            {"Content-Type": ""},
        )
    assert running.process.wait(timeout=10) == 74
    running.log.close()


def test_a_full_disk_refuses_a_body_that_does_not_fit(tmp_path, shim):
    fault = tmp_path / "fault"
    running = emulator(tmp_path / "data", shim, fault=fault).start()
    s3 = s3_client(running)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "spool", "Key": "a"})
    fault.write_text(str(errno.ENOSPC))
    answer = conftest.http("PUT", url, b"x" * 100_000, {"Content-Type": ""})
    assert answer.status == 500 and b"InternalError" in answer.body
    fault.unlink()
    assert conftest.http("PUT", url, b"x" * 100_000, {"Content-Type": ""}).status == 200
    assert running.stop() == 0


def test_a_scrub_names_the_object_that_is_damaged(tmp_path):
    data = tmp_path / "data"
    running = conftest.Emulator(data).start()
    s3 = s3_client(running)
    for name in ["good", "bad"]:
        s3.put_object(Bucket="spool", Key=name, Body=os.urandom(50_000))
    assert running.stop() == 0

    def scrub():
        done = subprocess.run(
            [conftest.BIN / "local-emulator", "--data", data, "--scrub"],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    assert scrub() == (0, "2 objects, 100000 bytes, 0 damaged\n")
    for path in (data / "objects/data").rglob("*"):
        if path.is_file():
            content = bytearray(path.read_bytes())
            content[4_321] ^= 1
            path.write_bytes(content)
            break
    status, text = scrub()
    assert status == 1
    assert "CRC-64/NVME" in text and text.endswith("2 objects, 100000 bytes, 1 damaged\n")
