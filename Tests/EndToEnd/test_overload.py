"""More requests than can be served are refused in bounded memory, and the rest is served."""

import collections
import concurrent.futures
import json
import pathlib

import conftest
from test_fairness import SECOND


def resident_megabytes(emulator):
    text = pathlib.Path(f"/proc/{emulator.process.pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1_000


def test_large_requests_beyond_what_can_wait_are_refused(tmp_path):
    """80 requests of 4 MB at once: 64 MB of them wait for the four instances."""
    emulator = conftest.Emulator(tmp_path / "data").start()
    try:
        job = emulator.start_export(SECOND)
        emulator.wait(job)
        edit = json.dumps(SECOND | {"note": "n" * 4_000_000}).encode()

        def send(_):
            try:
                return emulator.call("POST", "/api/export/estimate", edit).status
            except OSError:
                return "closed"

        before = resident_megabytes(emulator)
        with concurrent.futures.ThreadPoolExecutor(80) as pool:
            answers = collections.Counter(pool.map(send, range(80)))

        assert set(answers) <= {200, 400, 429, 503}, answers
        assert answers[429] + answers[503] > 0, answers
        assert answers[200] + answers[400] > 0, answers
        assert emulator.status(job)["state"] == "completed"
        assert resident_megabytes(emulator) - before < 1_500
    finally:
        emulator.stop()
