"""A folder that an editor shares with Spool, as the editor uses it."""

import json
import sqlite3
import subprocess

from emulator_process import Emulator
from waiting import wait_until

ENDED = ("completed", "failed")


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


def assets(emulator):
    """The newest asset of each file name."""
    found = {}
    for record in emulator.log_records():
        if record.get("message") == "File taken over":
            found[record["path"].split("/")[-1]] = record["assetId"]
    return found
