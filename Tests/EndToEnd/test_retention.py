"""Deletion, expiry, a volume that is full and an emulator that is idle, with the real processes."""

import json
import sqlite3

from conftest import single
from emulator_process import Emulator, http
from waiting import wait_until


def expire(emulator):
    answer = emulator.call("POST", "/2015-03-31/functions/expire/invocations", {})
    assert answer.status == 200, answer.body
    return answer.json()


def keys(emulator, prefix):
    with sqlite3.connect(f"file:{emulator.data}/spool.sqlite?mode=ro", uri=True) as index:
        rows = index.execute("SELECT key FROM objects ORDER BY key").fetchall()
    found = [key.decode() if isinstance(key, bytes) else key for (key,) in rows]
    return [key for key in found if key.startswith(prefix)]


def finished(emulator, media):
    asset = emulator.upload(media / "a.mp4")
    job = emulator.start_export(
        single(asset, 1, size={"width": 160, "height": 90}) | {"retention": 3600}
    )
    assert emulator.wait(job)["state"] == "completed"
    return job


def test_delete_removes_a_finished_export_and_a_kill_leaves_nothing_half_deleted(tmp_path, media):
    emulator = Emulator(tmp_path / "data").start()
    job = finished(emulator, media)
    url = emulator.status(job)["downloadUrl"]
    assert http("GET", url).status == 200
    answer = emulator.call("DELETE", f"/api/export/{job}").json()
    assert answer["state"] == "deleted"
    assert answer["removed"]["objects"] > 5
    assert http("GET", url).status == 404
    emulator.kill()
    emulator.start()
    expire(emulator)
    assert emulator.call("GET", f"/api/export/{job}").status == 410
    left = [key.rsplit("/", 1)[1] for key in keys(emulator, f"exports/local/{job}/")]
    assert left == ["cancel.json", "removed.json"]
    assert emulator.stop() == 0


def test_exports_and_uploads_expire_by_the_settings_of_the_deployment(tmp_path, media):
    emulator = Emulator(
        tmp_path / "data",
        SPOOL_EXPORT_RETENTION_SECONDS="1",
        SPOOL_UPLOAD_RETENTION_SECONDS="2",
    ).start()
    asset = emulator.upload(media / "a.mp4")
    job = emulator.start_export(single(asset, 1, size={"width": 160, "height": 90}))
    wait_until("the export's result", lambda: keys(emulator, f"exports/local/{job}/result"))

    def gone():
        expire(emulator)
        return emulator.call("GET", f"/api/export/{job}").status == 410

    wait_until("the export's expiry", gone)
    body = emulator.call("GET", f"/api/export/{job}").json()
    assert body["status"] == "expired"
    assert body["removedAt"] in body["error"]

    def uploads_are_gone():
        expire(emulator)
        return not keys(emulator, "uploads/")

    wait_until("the upload's expiry", uploads_are_gone)
    assert emulator.stop() == 0


def test_everything_of_an_owner_goes_and_nothing_of_another(tmp_path, media):
    emulator = Emulator(tmp_path / "data", SPOOL_TOKENS="one=ann,two=bob").start()
    for token in ("one", "two"):
        emulator.upload(media / "a.mp4", token=token)
    others = keys(emulator, "uploads/bob/")
    assert emulator.call("DELETE", "/api/owner?confirm=bob", token="one").status == 400
    answer = emulator.call("DELETE", "/api/owner?confirm=ann", token="one")
    assert answer.status == 202, answer.body
    assert answer.json()["removal"]["state"] == "removed"
    # A derivative that was being made is written, and removed by its maker.
    wait_until(
        "the removal", lambda: not (keys(emulator, "uploads/ann/") + keys(emulator, "assets/ann/"))
    )
    assert keys(emulator, "uploads/bob/") == others
    assert emulator.call("GET", "/api/owner", token="one").json()["removal"]["objects"] >= 2
    assert emulator.stop() == 0


def test_a_full_volume_refuses_uploads_and_lets_exports_end(tmp_path, media):
    emulator = Emulator(tmp_path / "data").start()
    asset = emulator.upload(media / "a.mp4")
    job = emulator.start_export(single(asset, 1, size={"width": 160, "height": 90}))
    assert emulator.stop() == 0
    # Every volume is fuller than the smallest limit.
    origin = {"Origin": "https://editor.example"}
    emulator = Emulator(
        tmp_path / "data", SPOOL_DISK_PERCENT_MAX="1", FRONTEND_URL=origin["Origin"]
    ).start()
    refused = http("POST", emulator.api + "/api/upload/init", {"filename": "c.mp4"}, origin)
    assert refused.status == 507
    assert refused.headers["Access-Control-Allow-Origin"]
    assert "too full" in json.loads(refused.body)["detail"]
    assert emulator.wait(job)["state"] == "completed"
    assert emulator.stop() == 0


def test_an_idle_emulator_ends_and_a_working_one_does_not(tmp_path, media):
    emulator = Emulator(tmp_path / "data", SPOOL_EXIT_WHEN_IDLE="5").start()
    job = finished(emulator, media)
    assert emulator.process.poll() is None
    wait_until("the end of the idle emulator", lambda: emulator.process.poll() is not None)
    assert emulator.process.returncode == 0
    emulator.log.close()
    assert any(r["message"] == "Idle: no work" for r in emulator.log_records())
    # The next start continues: nothing is lost.
    again = Emulator(tmp_path / "data").start()
    assert again.status(job)["state"] == "completed"
    assert again.stop() == 0
