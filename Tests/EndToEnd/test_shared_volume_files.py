"""Sources of a shared folder are linked, cloned or copied."""

import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from volume_folder import assets, config, duration, ended, place, start, transfers


def test_large_sources_add_no_blocks(tmp_path, volume, media):
    """A source of 300 MB becomes an asset without 300 MB more on the disk."""
    large = volume / "takes/large.mp4"
    shutil.copy(media / "a.mp4", large)
    with open(large, "ab") as file:
        # A `free` box: valid and ignored.
        size = 300 << 20
        file.write(size.to_bytes(4, "big") + b"free")
        file.write(os.urandom(1 << 20) * ((size >> 20) - 1))
        file.write(bytes((1 << 20) - 8))
    emulator = start(tmp_path, volume)
    body = config(sources=[{"id": "cam", "path": "takes/large.mp4"}], audio=None, length=1)
    body["switches"] = [{"at": 0, "source": "cam"}]

    done = ended(place(volume, "large", body))

    assert done["status"] == "completed", done
    assert transfers(emulator) <= {"link", "clone"}
    if transfers(emulator) == {"link"}:
        assert large.stat().st_nlink == 2
        # Blocks of the data folder, without the file that the media folder has as well.
        blocks = {path.lstat().st_ino: path.lstat().st_blocks for path in emulator.data.rglob("*")}
        assert blocks.pop(large.stat().st_ino) * 512 >= 300 << 20
        assert sum(blocks.values()) * 512 < 50 << 20
    assert emulator.stop() == 0


def test_a_source_that_changes_in_place_is_another_asset(running, volume):
    first = place(volume, "first", config(audio=None))
    assert ended(first)["status"] == "completed"
    source = volume / "takes/a.mp4"
    asset = assets(running)["a.mp4"]
    grown = source.read_bytes() + (8).to_bytes(4, "big") + b"free"
    source.write_bytes(grown)

    second = place(volume, "second", config(audio=None))

    assert ended(second)["status"] == "completed"
    assert assets(running)["a.mp4"] != asset
    # The old object is gone for readers, as its bytes are.
    answer = running.call(
        "POST",
        "/api/export",
        {
            "timeline": {
                "tracks": [{"clips": [{"asset": {"type": "video", "assetId": asset}, "length": 1}]}]
            }
        },
    )
    if transfers(running) == {"link"}:
        assert answer.status == 202, answer.body
        assert running.wait(answer.json()["jobId"])["state"] == "failed"
    assert running.stop() == 0
    scrub = subprocess.run(
        [running.bootstrap.parent / "local-emulator", "--data", running.data, "--scrub"],
        check=False,
        capture_output=True,
        text=True,
    )
    if transfers(running) == {"link"}:
        assert scrub.returncode == 1
        assert "1 damaged" in scrub.stdout


def test_an_upload_is_named_by_its_key(running, volume, media):
    asset = running.upload(media / "a.mp4")
    body = config(sources=[{"id": "cam", "key": f"uploads/local/{asset}/a.mp4"}], audio=None)
    body["switches"] = [{"at": 0, "source": "cam"}]

    started = running.call("POST", "/api/export", body)

    assert started.status == 202, started.body
    assert running.wait(started.json()["jobId"])["state"] == "completed"
    body["sources"][0]["key"] = f"uploads/other/{asset}/a.mp4"
    refused = running.call("POST", "/api/export", body)
    assert refused.status == 400
    assert refused.json()["errors"] == [
        {"pointer": "/sources/0/key", "detail": "is not the key of one of your uploads"}
    ]


def test_a_file_of_another_file_system_is_copied(tmp_path, media):
    """Where neither a clone nor a link is possible; the store checks the copy's bytes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as root:
        volume = pathlib.Path(root)
        if volume.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("/dev/shm is the same file system")
        (volume / "takes").mkdir()
        shutil.copy(media / "a.mp4", volume / "takes/a.mp4")
        emulator = start(tmp_path, volume)
        body = config(sources=[{"id": "cam", "path": "takes/a.mp4"}], audio=None)
        body["switches"] = [{"at": 0, "source": "cam"}]

        folder = place(volume, "copied", body)

        assert ended(folder)["status"] == "completed"
        assert duration(folder / "output.mp4") > 1.9
        assert transfers(emulator) == {"copy"}
        assert emulator.stop() == 0
