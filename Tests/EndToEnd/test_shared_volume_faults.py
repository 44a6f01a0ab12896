"""Jobs of a shared folder that are cancelled, killed or lose their mount."""

import shutil
import signal

import pytest

from conftest import wait_until
from volume_folder import config, ended, exports, place, start, status


def slow(volume, media):
    shutil.copy(media / "slow.mp4", volume / "takes/slow.mp4")
    return config(
        sources=[{"id": "cam", "path": "takes/slow.mp4"}],
        switches=[{"at": 0, "source": "cam"}],
        length=2,
        audio=None,
        output={"size": {"width": 1280, "height": 720}, "fps": 30, "chunkSeconds": 1},
    )


def remove(folder):
    """Removes a folder into which Spool may write at the same time; true once it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


@pytest.mark.parametrize("way", ["cancel file", "removed folder", "DELETE"])
def test_a_running_job_is_cancelled(tmp_path, volume, media, gate, way):
    gate.hold("-filter_complex")
    emulator = start(tmp_path, volume, SPOOL_FFMPEG=str(gate.program))
    folder = place(volume, "long", slow(volume, media))
    wait_until("the start", lambda: status(folder).get("exportId"))
    export = status(folder)["exportId"]

    if way == "cancel file":
        (folder / "cancel").touch()
    elif way == "removed folder":
        wait_until("the folder's removal", lambda: remove(folder))
    else:
        assert emulator.call("DELETE", f"/api/export/{export}").status == 200

    wait_until("the cancel", lambda: emulator.status(export).get("state") == "cancelled")
    if way != "removed folder":
        assert ended(folder)["status"] == "failed"
        assert "cancelled" in status(folder)["error"]
    gate.open()
    assert emulator.stop() == 0


def test_a_job_starts_once_whenever_the_process_is_killed(tmp_path, volume):
    emulator = start(tmp_path, volume)
    folders = []
    for number in range(6):
        folders.append(place(volume, f"job-{number}", config(length=1 + number / 10)))
        # Killed at another step each time: before, at and after the start.
        wait_until(
            "the step",
            lambda number=number, folder=folders[-1]: (
                number % 3 == 0
                or (number % 3 == 1 and status(folder))
                or status(folder).get("exportId")
            ),
        )
        emulator.process.send_signal(signal.SIGKILL)
        emulator.process.wait()
        emulator.log.close()
        emulator = start(tmp_path, volume)

    for folder in folders:
        assert ended(folder)["status"] == "completed", status(folder)
        assert (folder / "output.mp4").exists()
    assert sorted(exports(emulator)) == sorted(status(folder)["exportId"] for folder in folders)
    assert emulator.stop() == 0


def test_a_missing_mount_cancels_nothing(tmp_path, volume, media, gate):
    gate.hold("-filter_complex")
    emulator = start(tmp_path, volume, SPOOL_FFMPEG=str(gate.program))
    folder = place(volume, "long", slow(volume, media))
    wait_until("the start", lambda: status(folder).get("exportId"))
    export = status(folder)["exportId"]
    assert emulator.stop() == 0
    # As an empty mount point: the folders are elsewhere.
    (volume / "exports").rename(volume / "mounted")

    emulator = start(tmp_path, volume, SPOOL_FFMPEG=str(gate.program))
    wait_until(
        "the warning",
        lambda: any(
            "missing or was replaced" in record["message"] for record in emulator.log_records()
        ),
    )
    assert emulator.status(export)["state"] in ("queued", "rendering")
    assert emulator.stop() == 0
    shutil.rmtree(volume / "exports")
    (volume / "mounted").rename(volume / "exports")
    emulator = start(tmp_path, volume, SPOOL_FFMPEG=str(gate.program))
    gate.open()
    assert ended(folder, 120)["status"] == "completed"
    assert emulator.stop() == 0
