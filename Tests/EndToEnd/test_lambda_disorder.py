"""Late, duplicate and reordered object events change nothing."""

import conftest
from conftest import timeline
from waiting import wait_until


def test_reordered_events_give_the_same_export(shared, assets, media, tmp_path):
    wanted = shared.wait(shared.start_export(timeline(assets, chunkSeconds=1.5)))
    expected = conftest.frame_hashes(shared.download(wanted, tmp_path / "expected.mp4"))
    emulator = conftest.Emulator(tmp_path / "data", arguments=("--disorder", "20261121")).start()
    try:
        types = {
            ".mp4": "video/mp4",
            ".webm": "video/webm",
            ".mov": "video/quicktime",
            ".png": "image/png",
            ".m4a": "audio/mp4",
        }
        own = {
            path.stem: emulator.upload(path, types[path.suffix])
            for path in sorted(media.iterdir())
            if path.stem in assets and path.stem != "slow"
        }
        job = emulator.start_export(timeline(own, chunkSeconds=1.5))
        status = emulator.wait(job)

        assert status["state"] == "completed", status
        assert conftest.frame_hashes(emulator.download(status, tmp_path / "result.mp4")) == expected
        # Proof of disorder: some request was delivered more than once.
        wait_until("a request delivered twice", lambda: was_doubled(emulator, job))
    finally:
        assert emulator.stop() == 0


def was_doubled(emulator, job):
    listed = conftest.http(
        "GET", f"{emulator.api}/console/api/invocations?limit=2000&key={job}"
    ).json()
    chunks = [
        each["objectKey"] for each in listed["invocations"] if each["function"] == "render-chunk"
    ]
    return len(chunks) > len(set(chunks))
