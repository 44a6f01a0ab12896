"""Derived objects of long, killed and broken sources."""

import itertools
import json
import random
import time

import conftest
from conftest import Emulator
from derived_media import FILM, H264, Derived, frame_times, picture, tone
from store_clients import s3_client
from waiting import wait_until


def chunked_source(folder, seconds=64):
    path = folder / "long.mp4"
    conftest.ffmpeg(*picture("30000/1001", seconds), *tone(48000, seconds), *H264, path)
    return path


def exports_of(emulator):
    pages = s3_client(emulator).get_paginator("list_objects_v2")
    keys = [
        entry["Key"]
        for page in pages.paginate(Bucket="spool", Prefix="exports/local/")
        for entry in page.get("Contents", [])
    ]
    return {key.split("/")[2]: [k for k in keys if key.split("/")[2] in k] for key in keys}


def test_a_long_source_gets_its_proxy_in_chunks(emulator, tmp_path):
    asset = Derived(emulator, emulator.upload(chunked_source(tmp_path)))
    asset.wait(FILM | {"waveform.json"})

    ((job, keys),) = exports_of(emulator).items()
    assert sum(key.endswith(".chunk.json") for key in keys) > 3
    assert any(key.endswith("result.json") for key in keys)
    assert not any("output" in key for key in keys)
    times = frame_times(asset.save("proxy.mp4", tmp_path))
    assert len(times) == 1919
    keyframes = [at for at, is_key in times if is_key]
    assert max(b - a for a, b in itertools.pairwise(keyframes)) <= 0.5 + 1e-3
    # It is no export of the user's.
    assert emulator.call("GET", "/api/exports").json()["exports"] == []
    assert emulator.call("GET", f"/api/export/{job}").status == 404

    # Another derive request, as a duplicate event would be, starts nothing.
    before = exports_of(emulator)
    client = s3_client(emulator)
    key = asset.prefix + "media.derive.json"
    listing = asset.listing()
    client.put_object(Bucket="spool", Key=key, Body=b"{}")
    wait_until("the end of the second run", lambda: derive_runs(emulator) >= 3)
    assert exports_of(emulator) == before
    assert {k: v for k, v in asset.listing().items() if "media.derive" not in k} == {
        k: v for k, v in listing.items() if "media.derive" not in k
    }


def derive_runs(emulator):
    """Number of finished invocations of derive-asset."""
    return sum(
        record.get("function") == "derive-asset" and record["message"] == "Invocation ended"
        for record in emulator.log_records()
    )


def test_a_killed_emulator_derives_every_object_once(tmp_path):
    source = chunked_source(tmp_path)
    emulator = Emulator(tmp_path / "data").start()
    asset = emulator.upload(source)
    try:
        for _ in range(5):
            time.sleep(random.uniform(0.1, 2))
            emulator.kill()
            emulator.start()
        derived = Derived(emulator, asset).wait(FILM | {"waveform.json"}, seconds=240)
        assert derived.failed() == set()
        assert len(exports_of(emulator)) == 1
        path = derived.save("proxy.mp4", tmp_path)
        assert len(frame_times(path)) == 1919
        assert len(conftest.frame_hashes(path)) == 1919
        assert derived.get("sprite.vtt").count(b"-->") == 65
        assert json.loads(derived.get("waveform.json"))["length"] == 12000
    finally:
        emulator.stop()


def test_a_broken_source_stays_usable_where_it_decodes(shared, media, tmp_path):
    whole = tmp_path / "whole.mp4"
    conftest.ffmpeg("-i", media / "a.mp4", "-c", "copy", "-movflags", "+faststart", whole)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    asset = Derived(shared, shared.upload(cut))
    # The probe finds what is there, and everything is derived of that.
    asset.wait({"proxy.mp4", "poster.jpg"})
    document = shared.call("GET", f"/api/assets/{asset.asset}").json()
    assert "cutOff" in json.dumps(document["warnings"])

    status = shared.wait(shared.start_export(conftest.single(asset.asset, 1)))
    assert status["state"] == "completed", status
