"""The clock of the machine is set in the middle of an export (clock_shim.c)."""

import json
import pathlib
import subprocess

import pytest

import conftest
from waiting import wait_until

HOUR = 3_600


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    library = tmp_path_factory.mktemp("shim") / "clock_shim.so"
    source = pathlib.Path(__file__).with_name("clock_shim.c")
    command = ["cc", "-O2", "-Wall", "-shared", "-fPIC", "-o", library, source]
    subprocess.run(command, check=True)
    return library


def catalogue(folder, shim, offset):
    """The functions with the clock of the emulator."""
    functions = json.loads((conftest.ROOT / "infra/functions.json").read_text())
    for function in functions["functions"]:
        function.setdefault("environment", {}).update(
            {"LD_PRELOAD": str(shim), "CLOCK_OFFSET": str(offset)}
        )
    path = folder / "functions.json"
    path.write_text(json.dumps(functions))
    return path


@pytest.mark.parametrize("hours", [-5, 29])
def test_an_export_completes_although_the_clock_is_set(tmp_path, media, gate, shim, hours):
    offset = tmp_path / "offset"
    emulator = conftest.Emulator(
        tmp_path / "data",
        functions=catalogue(tmp_path, shim, offset),
        LD_PRELOAD=str(shim),
        CLOCK_OFFSET=str(offset),
        SPOOL_FFMPEG=str(gate.program),
    ).start()
    try:
        asset = emulator.upload(media / "slow.mp4")
        gate.hold("trim=start_pts=")
        job = emulator.start_export(conftest.single(asset, 20, chunkSeconds=2))
        wait_until("held renders", gate.processes)
        # Two chunks are rendered, eight wait in the queue.
        (tmp_path / "offset.new").write_text(str(hours * HOUR))
        (tmp_path / "offset.new").rename(offset)
        gate.open()
        status = emulator.wait(job)

        assert status["state"] == "completed", status
        assert status["check"]["frames"] == 600
        log = (tmp_path / "data.log").read_text()
        assert "The clock was set" in log
        assert "EventAgeExceeded" not in log
    finally:
        emulator.stop()


def test_a_platform_whose_clock_differs_is_named(tmp_path, shim):
    """The emulator's clock alone is three hours behind: its deadlines have passed."""
    offset = tmp_path / "offset"
    offset.write_text(str(-3 * HOUR))
    emulator = conftest.Emulator(
        tmp_path / "data", LD_PRELOAD=str(shim), CLOCK_OFFSET=str(offset)
    ).start()
    try:
        answer = emulator.call("GET", "/api/exports")

        assert answer.status == 200, answer.body
        text = "The platform's clock differs from this machine's"
        wait_until("the warning", lambda: text in (tmp_path / "data.log").read_text())
    finally:
        emulator.stop()
