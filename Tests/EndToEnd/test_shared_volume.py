"""Jobs of a shared folder: configs, outputs and refusals."""

import json
import os
import shutil

import pytest

from conftest import Emulator, wait_until
from volume_folder import (
    assets,
    config,
    duration,
    ended,
    exports,
    jobs,
    place,
    start,
    status,
    transfers,
)


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


def test_a_caller_without_a_token_takes_nothing_over(tmp_path, volume):
    emulator = start(tmp_path, volume, SPOOL_TOKENS="secret=anna", SPOOL_VOLUME_TOKEN="secret")

    assert emulator.call("POST", "/api/export", config()).status == 401
    assert assets(emulator) == {}
    assert emulator.call("POST", "/api/export", config(), token="secret").status == 202
    assert ended(place(volume, "talk", config()))["status"] == "completed"
    assert emulator.stop() == 0


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
