"""Owners share the machine: work of one does not hold up another's."""

import json

import conftest
from waiting import wait_until

SECOND = {
    "timeline": {
        "tracks": [
            {"clips": [{"asset": {"type": "color", "color": "#00ff00"}, "start": 0, "length": 1}]}
        ]
    },
    "output": {"size": {"width": 160, "height": 90}, "fps": 30},
}
DAY = json.loads(json.dumps(SECOND).replace('"length": 1', '"length": 86400')) | {
    "output": {"resolution": "4k", "fps": 60}
}


def queued(emulator):
    functions = emulator.call("GET", "/console/api/queue", token="admin").json()["depth"]
    return functions.get("render-chunk", 0)


def test_a_day_in_4k_leaves_another_owners_second_its_turn(tmp_path):
    """By order: nothing of Alice's is finished, and Bob's is."""
    emulator = conftest.Emulator(
        tmp_path / "data",
        SPOOL_TOKENS="alice-token=alice,bob-token=bob",
        SPOOL_ADMIN_TOKEN="admin",
        AWS_ACCESS_KEY_ID="key",
        AWS_SECRET_ACCESS_KEY="secret-secret-secret",
        SPOOL_OWNER_EXPORTS_MAX="3",
    ).start()
    try:
        jobs = [emulator.start_export(DAY, "alice-token") for _ in range(3)]
        wait_until("busy renderers", lambda: queued(emulator) == 3 * 16)
        refused = emulator.call("POST", "/api/export", DAY, "alice-token")
        assert refused.status == 429, refused.body
        assert refused.headers["Retry-After"] == "30"
        assert "limit is 3" in refused.json()["detail"]

        status = emulator.wait(emulator.start_export(SECOND, "bob-token"), token="bob-token")
        assert status["state"] == "completed", status
        for job in jobs:
            alice = emulator.status(job, "alice-token")
            assert all(chunk["state"] != "done" for chunk in alice["chunks"])
            assert alice["frames"]["total"] == 86_400 * 60

        # Cancelled work leaves the queue, and Alice may export again.
        for job in jobs:
            emulator.call("DELETE", f"/api/export/{job}", token="alice-token")
        wait_until("an empty queue", lambda: queued(emulator) == 0)
        status = emulator.wait(emulator.start_export(SECOND, "alice-token"), token="alice-token")
        assert status["state"] == "completed", status
    finally:
        emulator.stop()
