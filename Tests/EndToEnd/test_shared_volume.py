"""A folder that an editor shares with Spool: sources by path, jobs by folder."""

import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import tempfile

import pytest

from conftest import Emulator, wait_until

ENDED = ("completed", "failed")


@pytest.fixture
def volume(tmp_path, media):
    """A media folder on the file system of the emulator's data."""
    root = tmp_path / "media"
    (root / "takes").mkdir(parents=True)
    for name in ("a.mp4", "b.webm", "music.m4a"):
        shutil.copy(media / name, root / "takes" / name)
    return root


@pytest.fixture
def running(tmp_path, volume):
    emulator = start(tmp_path, volume)
    yield emulator
    if emulator.process.poll() is None:
        emulator.stop()


def start(folder, volume, **environment):
    settings = {"MEDIA_BASE_PATH": str(volume), "POLL_INTERVAL_MS": "200"} | environment
    return Emulator(folder / "data", **settings).start()


def config(**changes):
    """Two cameras, cut twice, with the audio of a third file."""
    return {
        "sources": [
            {"id": "cam-a", "path": "takes/a.mp4"},
            {"id": "cam-b", "path": "takes/b.webm", "offset": 0.5},
            {"id": "mic", "path": "takes/music.m4a"},
        ],
        "switches": [{"at": 0, "source": "cam-a"}, {"at": 1, "source": "cam-b"}],
        "length": 2,
        "audio": "mic",
        "output": {"size": {"width": 160, "height": 90}, "fps": 25},
    } | changes


def place(volume, job, content):
    """Writes a config as an editor should: whole, by one rename."""
    folder = volume / "exports" / job
    folder.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "new").write_text(text)
    (folder / "new").rename(folder / "config.json")
    return folder


def status(folder):
    """status.json, which is never half written."""
    try:
        return json.loads((folder / "status.json").read_text())
    except FileNotFoundError:
        return {}


def ended(folder, seconds=60):
    return wait_until(
        f"the end of {folder.name}",
        lambda: (status(folder).get("status") in ENDED) and status(folder),
        seconds,
    )


def duration(path):
    return float(
        subprocess.run(
            ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    )


def exports(emulator):
    """IDs of all exports."""
    listed = emulator.call("GET", "/api/exports").json()
    return [export["jobId"] for export in listed["exports"]]


def jobs(emulator):
    """Folders that the emulator remembers."""
    with sqlite3.connect(f"file:{emulator.data}/spool.sqlite?mode=ro", uri=True) as database:
        return [row[0] for row in database.execute("SELECT folder FROM volume_jobs")]


def transfers(emulator):
    """The transfer of each file: link, clone or copy."""
    return {
        record["transfer"]
        for record in emulator.log_records()
        if record.get("message") == "File taken over"
    }


def test_a_config_that_appears_becomes_an_output_beside_it(running, volume):
    folder = place(volume, "talk-1", config())

    done = ended(folder)

    assert done["status"] == "completed", done
    assert done["progress"] == 100
    assert done["output"] == "output.mp4"
    assert abs(duration(folder / "output.mp4") - 2) < 0.1
    assert done["size"] == (folder / "output.mp4").stat().st_size
    # The sources are not copied: each is one file with two names, or shares its blocks.
    assert transfers(running) <= {"link", "clone"}
    if transfers(running) == {"link"}:
        assert (volume / "takes/a.mp4").stat().st_nlink == 2
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "output.mp4",
        "status.json",
    ]


def test_segments_are_joined_in_their_order(running, volume):
    segments = [
        {"source": "cam-b", "start": 1, "end": 2},
        {"source": "cam-a", "start": 0.5, "end": 2},
    ]
    content = config(segments=segments, audio={"source": "mic", "volume": 0.5, "fadeOut": 0.5})
    content.pop("switches")
    content.pop("length")

    done = ended(place(volume, "joined", content))

    assert done["status"] == "completed", done
    assert abs(duration(volume / "exports/joined/output.mp4") - 2.5) < 0.1


def test_the_api_takes_paths_and_names_them_in_its_refusals(running, volume):
    os.symlink("/etc", volume / "etc")
    os.symlink("/etc/passwd", volume / "takes/passwd.mp4")
    (volume / "takes/text.mp4").write_text("no film")
    os.mkfifo(volume / "takes/pipe.mp4")
    refused = {
        "../outside.mp4": "must not contain an empty component, . or ..",
        "/etc/passwd": "must be below MEDIA_BASE_PATH",
        "etc/passwd": "passes through a symbolic link or a file",
        "takes/passwd.mp4": "passes through a symbolic link or a file",
        "takes/missing.mp4": "does not exist below MEDIA_BASE_PATH",
        "takes": "is not a regular file",
        "takes/pipe.mp4": "is not a regular file",
    }
    for path, detail in refused.items():
        body = config()
        body["sources"][1]["path"] = path

        answer = running.call("POST", "/api/export", body)

        assert answer.status == 400, answer.body
        assert answer.json()["errors"] == [{"pointer": "/sources/1/path", "detail": detail}]
    body = config()
    body["sources"][0]["path"] = "takes/text.mp4"
    answer = running.call("POST", "/api/export", body)
    assert answer.status == 400
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/sources/0/path"]
    # A fault that start-export finds names the path as well.
    body = config(switches=[{"at": 0, "source": "mic"}])
    answer = running.call("POST", "/api/export", body)
    assert answer.status == 400
    assert answer.json()["errors"][0]["pointer"] == "/sources/2/path"

    started = running.call("POST", "/api/export", config())

    assert started.status == 202, started.body
    assert started.json()["status"] == "pending"
    done = running.wait(started.json()["jobId"])
    assert done["status"] == "completed", done


def test_a_config_that_cannot_be_used_is_refused_and_may_be_corrected(running, volume):
    half = place(volume, "half", json.dumps(config())[:-40])
    wrong = place(volume, "wrong", config(switches=[{"at": 0, "source": "cam-x"}]))
    odd = place(volume, "a b", config())
    number = place(volume, "number", "17")

    errors = {folder.name: ended(folder) for folder in (half, wrong, odd, number)}

    assert all(answer["status"] == "failed" for answer in errors.values())
    assert errors["half"]["error"].startswith("config.json is not JSON:")
    assert errors["wrong"]["errors"][0]["pointer"] == "/switches/0/source"
    assert errors["a b"]["error"].startswith("The folder's name must be")
    assert errors["number"]["error"] == "config.json must be an object."
    assert exports(running) == []

    place(volume, "half", config())

    wait_until("the corrected config", lambda: status(half).get("status") == "completed")


def test_a_config_of_a_used_job_id_loses_nothing(running, volume):
    folder = place(volume, "talk", config())
    assert ended(folder)["status"] == "completed"
    output = (folder / "output.mp4").read_bytes()

    place(volume, "talk", config(length=1))

    wait_until("the refusal", lambda: status(folder).get("status") == "failed")
    assert "was replaced" in status(folder)["error"]
    assert (folder / "output.mp4").read_bytes() == output

    place(volume, "talk", config())

    wait_until("the first config's status", lambda: status(folder).get("status") == "completed")

    # The folder is removed and comes again: the same config has the same export.
    first = status(folder)["exportId"]
    for waits in (False, True):
        shutil.rmtree(folder)
        wait_until("a scan without the folder", lambda waits=waits: not (waits and jobs(running)))
        place(volume, "talk", config())
        assert ended(folder)["exportId"] == first
        assert (folder / "output.mp4").read_bytes() == output
    shutil.rmtree(folder)
    wait_until("a scan without the folder", lambda: not jobs(running))
    place(volume, "talk", config(length=1))
    assert "was used for another config" in ended(folder)["error"]


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


def assets(emulator):
    """The newest asset of each file name."""
    found = {}
    for record in emulator.log_records():
        if record.get("message") == "File taken over":
            found[record["path"].split("/")[-1]] = record["assetId"]
    return found


def test_a_caller_without_a_token_takes_nothing_over(tmp_path, volume):
    emulator = start(tmp_path, volume, SPOOL_TOKENS="secret=anna", SPOOL_VOLUME_TOKEN="secret")

    assert emulator.call("POST", "/api/export", config()).status == 401
    assert assets(emulator) == {}
    assert emulator.call("POST", "/api/export", config(), token="secret").status == 202
    assert ended(place(volume, "talk", config()))["status"] == "completed"
    assert emulator.stop() == 0


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


def test_wrong_settings_end_the_start_with_a_sentence(tmp_path, volume):
    for settings, sentence in [
        ({"MEDIA_BASE_PATH": str(tmp_path / "missing")}, "is not a folder"),
        ({"MEDIA_BASE_PATH": str(volume), "POLL_INTERVAL_MS": "fast"}, "POLL_INTERVAL_MS must be"),
    ]:
        emulator = Emulator(tmp_path / "bad", **settings)
        with pytest.raises(AssertionError):
            emulator.start()
        assert emulator.process.wait(timeout=20) == 1
        assert sentence in (tmp_path / "bad.log").read_text()


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
