"""The number of renderers reaches the planner, not only the emulator's limit."""

import conftest


def chunks(folder, renderers):
    """Number of chunks of a 40 s film on that many renderers."""
    source = folder / "film.mp4"
    conftest.ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x36:r=10:d=40",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        source,
    )
    emulator = conftest.Emulator(
        folder / f"data{renderers}", WORKER_CONCURRENCY=str(renderers)
    ).start()
    try:
        edit = conftest.single(
            emulator.upload(source), 40, size={"width": 64, "height": 36}, fps=10
        )
        status = emulator.wait(emulator.start_export(edit))
        assert status["state"] == "completed", status
        return status["usage"]["chunks"]
    finally:
        emulator.stop()


def test_more_renderers_mean_more_chunks(tmp_path):
    assert chunks(tmp_path, 1) < chunks(tmp_path, 8)
