"""SPOOL_LOG_FILE: the lines of standard error in a rotated file."""

import json

import pytest

from conftest import Emulator, single


def test_the_log_is_in_a_rotated_file_as_well(tmp_path, media):
    log = tmp_path / "logs/spool.log"
    log.parent.mkdir()
    emulator = Emulator(
        tmp_path / "data",
        SPOOL_LOG_FILE=str(log),
        SPOOL_LOG_FILE_BYTES="10000",
        SPOOL_LOG_FILE_COUNT="50",
    ).start()
    asset = emulator.upload(media / "a.mp4")
    # Until there is enough to rotate twice.
    for _ in range(40):
        if len(list(log.parent.iterdir())) > 2:
            break
        job = emulator.start_export(single(asset, 1))
        assert emulator.wait(job)["state"] == "completed"
    assert emulator.stop() == 0

    numbered = sorted(log.parent.glob("spool.log.*"), key=lambda path: -int(path.suffix[1:]))
    text = "".join(path.read_text() for path in [*numbered, log])
    # Lines of two threads may be in another order.
    expected = (tmp_path / "data.log").read_text()
    assert sorted(text.splitlines()) == sorted(expected.splitlines())
    assert all(path.stat().st_size <= 10_000 for path in numbered)
    assert len(numbered) >= 2
    records = [json.loads(line) for line in text.splitlines()]
    assert {record["level"] for record in records} <= {"INFO", "WARN", "ERROR"}
    assert any(record["message"] == "Function output" for record in records)


def test_a_log_file_on_a_full_disk_stops_nothing(tmp_path, media):
    emulator = Emulator(tmp_path / "data", SPOOL_LOG_FILE="/dev/full").start()
    job = emulator.start_export(single(emulator.upload(media / "a.mp4"), 1))

    assert emulator.wait(job)["state"] == "completed"
    assert emulator.stop() == 0


def test_a_log_file_that_cannot_be_opened_ends_the_start(tmp_path):
    emulator = Emulator(tmp_path / "data", SPOOL_LOG_FILE=str(tmp_path / "missing/log"))
    with pytest.raises(AssertionError):
        emulator.start()
    assert emulator.process.wait(timeout=20) == 2
    assert "The log file" in (tmp_path / "data.log").read_text()
