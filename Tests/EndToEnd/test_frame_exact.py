"""Many chunks have the same frames and samples as one chunk."""

import conftest

FRAMES = 300  # 10 s at 30000/1001, rounded to whole frames


def export(shared, edit, path):
    status = shared.wait(shared.start_export(edit))
    assert status["state"] == "completed", status
    return status, shared.download(status, path)


def test_lossless_chunks_equal_one_chunk(shared, assets, tmp_path):
    lossless = {"codec": "lossless", "audio": {"codec": "pcm"}}
    many, first = export(
        shared, conftest.timeline(assets, chunkSeconds=1.3, **lossless), tmp_path / "many.mov"
    )
    one, second = export(
        shared, conftest.timeline(assets, chunkSeconds=60, **lossless), tmp_path / "one.mov"
    )

    assert len(many["chunks"]) >= 6
    assert len(one["chunks"]) == 1
    frames = conftest.frame_hashes(first)
    assert len(frames) == many["frames"]["total"] == FRAMES
    assert frames == conftest.frame_hashes(second)
    samples = conftest.audio_samples(first)
    assert len(samples) == round(FRAMES * 1001 / 30000 * 48000) * 2 * 4
    assert samples == conftest.audio_samples(second)


def test_h264_chunks_have_each_frame_once_at_its_time(shared, assets, tmp_path):
    many, first = export(shared, conftest.timeline(assets, chunkSeconds=1.3), tmp_path / "many.mp4")
    _, second = export(shared, conftest.timeline(assets, chunkSeconds=60), tmp_path / "one.mp4")

    times = [time for time, _ in conftest.frame_hashes(first)]
    assert len(times) == FRAMES
    assert times == [time for time, _ in conftest.frame_hashes(second)]
    assert conftest.audio_samples(first) == conftest.audio_samples(second)
    assert many["check"]["frames"] == FRAMES
    assert many["check"]["seams"] == len(many["chunks"]) - 1


def test_the_same_edit_again_renders_nothing(shared, assets, tmp_path):
    edit = conftest.timeline(assets, chunkSeconds=2.1)
    export(shared, edit, tmp_path / "first.mp4")
    again, _ = export(shared, edit, tmp_path / "second.mp4")

    assert again["usage"]["cachedChunks"] == len(again["chunks"])
    assert again["usage"]["renderedFrames"] == 0
