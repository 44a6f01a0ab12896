"""Connections, descriptors and disks that are used up."""

import contextlib
import os
import subprocess

import pytest
from raw_http import connect

import conftest

HALF = b"GET /api/exports HTTP/1.1\r\nHost: local"


def limited(folder, descriptors):
    return conftest.Emulator(
        folder / "data", prefix=("prlimit", f"--nofile={descriptors}:{descriptors}")
    )


@pytest.mark.parametrize("port", ["api", "s3"])
def test_connections_do_not_use_up_the_descriptors(tmp_path, port):
    emulator = limited(tmp_path, 256).start()
    try:
        assert emulator.call("GET", "/api/exports").status == 200
        with contextlib.ExitStack() as held:
            for number in range(400):
                connection = held.enter_context(connect(getattr(emulator, port)))
                # Some send nothing, as those of a port scan.
                if number % 2:
                    with contextlib.suppress(OSError):
                        connection.sendall(HALF)
            # New connections are served while the others are open.
            assert emulator.call("GET", "/healthz").status == 200
            assert emulator.call("GET", "/api/exports").status == 200
            assert conftest.http("GET", emulator.s3 + "/spool").status == 403
            assert len(os.listdir(f"/proc/{emulator.process.pid}/fd")) < 200
        assert emulator.process.poll() is None
        assert emulator.call("GET", "/api/exports").status == 200
    finally:
        assert emulator.stop() == 0


def test_too_few_descriptors_end_the_start_with_the_number(tmp_path):
    ended = subprocess.run(
        ["prlimit", "--nofile=64:64", conftest.BIN / "local-emulator", "--data", tmp_path / "data"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "256 are required" in ended.stderr


def test_a_soft_limit_is_raised(tmp_path):
    emulator = conftest.Emulator(tmp_path / "data", prefix=("prlimit", "--nofile=128:4096")).start()
    try:
        limits = open(f"/proc/{emulator.process.pid}/limits", encoding="ascii").read()
        assert "Max open files            4096" in limits
    finally:
        assert emulator.stop() == 0


def test_health_tells_of_disk_store_and_functions(tmp_path):
    broken = tmp_path / "broken"
    broken.write_text("not a program")
    emulator = conftest.Emulator(tmp_path / "data", bootstrap=broken).start()
    try:
        healthy = {"status": "ok", "store": "ok", "disk": "ok", "functions": "ok"}
        assert healthy.items() <= emulator.call("GET", "/healthz").json().items()
        assert emulator.call("GET", "/api/exports").status == 502
        answer = emulator.call("GET", "/healthz")
        assert answer.status == 503 and answer.headers["Retry-After"] == "5"
        assert answer.json()["functions"] == "not started"
        assert "job-status" in answer.json()["notStarted"]
        # No folder of an instance that did not start is left.
        conftest.wait_until(
            "the removal of the folders", lambda: not os.listdir(emulator.data / "scratch")
        )
    finally:
        assert emulator.stop() == 0
