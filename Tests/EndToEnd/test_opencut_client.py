"""OpenCut's client (clients/opencut.js) in Chromium, on a page of another origin."""

import pathlib
import shutil

import pytest

from conftest import Emulator, wait_until

SCRIPT = (pathlib.Path(__file__).parent / "clients/opencut.js").read_text()
SIZE = {"width": 160, "height": 90}


@pytest.fixture
def editor(foreign_page):
    """Opens the editor on a back end with a project."""
    foreign_page.reload()
    foreign_page.add_script_tag(content=SCRIPT)

    def open_project(api, project):
        foreign_page.evaluate(
            "([api, project]) => { window.editor = new EditorPage(api, project) }", [api, project]
        )
        return foreign_page

    return open_project


def project(cameras, **changes):
    return {
        "cameras": cameras,
        "size": SIZE,
        "fps": 25,
        "duration": 2,
        "switchPoints": [
            {"time": 0, "camera": cameras[0]["name"]},
            {"time": 1, "camera": cameras[-1]["name"]},
        ],
    } | changes


def uploaded(assets):
    """Two cameras with proxies, which the export does not read."""
    return [
        {"name": "wide", "proxy": "blob:wide", "original": {"assetId": assets["a"]}},
        {"name": "close", "proxy": "blob:close", "original": {"assetId": assets["b"]}},
    ]


def text(page, name):
    return page.text_content(f"#{name}")


def ended(page):
    wait_until("the result or an error", lambda: text(page, "result") or text(page, "error"))
    return text(page, "error")


def test_a_multicam_project_is_exported_and_plays(editor, shared, assets):
    page = editor(
        shared.api,
        project(uploaded(assets), microphone={"original": {"assetId": assets["music"]}}),
    )

    page.click("#export")

    assert ended(page) == ""
    # headless Chromium of Debian decodes H.264.
    assert text(page, "result") == "160x90 2.0 s"
    words = page.evaluate("editor.words")
    assert words[-1] == "completed"
    assert set(words) <= {"pending", "processing", "completed"}
    assert text(page, "progress") == "100 %"


def test_segments_are_exported(editor, shared, assets):
    segments = [
        {"source": "close", "start": 0, "end": 1},
        {"source": "wide", "start": 2, "end": 2.5},
    ]
    page = editor(shared.api, project(uploaded(assets), segments=segments))

    page.click("#export")

    assert ended(page) == ""
    assert text(page, "result") == "160x90 1.5 s"


def test_a_wrong_config_is_shown_with_its_place(editor, shared, assets):
    wrong = project(uploaded(assets), switchPoints=[{"time": 0, "camera": "none"}])
    page = editor(shared.api, wrong)

    page.click("#export")

    assert ended(page)
    assert page.evaluate("editor.faults.map((fault) => fault.pointer)") == ["/switches/0/source"]


def test_a_running_export_is_cancelled(editor, tmp_path, media, gate):
    gate.hold("-filter_complex")
    emulator = Emulator(tmp_path / "data", SPOOL_FFMPEG=str(gate.program)).start()
    own = {path.stem: emulator.upload(path) for path in [media / "a.mp4"]}
    cameras = [{"name": name, "original": {"assetId": own["a"]}} for name in ("wide", "close")]
    page = editor(emulator.api, project(cameras))
    page.click("#export")
    wait_until("the start", lambda: page.evaluate("editor.jobId"))

    page.click("#cancel")

    assert "cancelled" in ended(page)
    assert text(page, "status") == "failed"
    gate.open()
    assert emulator.stop() == 0


def test_a_finished_export_is_deleted(editor, shared, assets):
    page = editor(shared.api, project(uploaded(assets), duration=1.5))
    page.click("#export")
    assert ended(page) == ""

    page.click("#delete")

    wait_until("the answer", lambda: text(page, "status") == "deleted")


def test_files_of_the_shared_volume_are_exported(editor, tmp_path, media):
    volume = tmp_path / "media"
    volume.mkdir()
    for name in ("a.mp4", "b.webm"):
        shutil.copy(media / name, volume / name)
    emulator = Emulator(tmp_path / "data", MEDIA_BASE_PATH=str(volume)).start()
    cameras = [
        {"name": "wide", "original": {"path": "a.mp4"}},
        {"name": "close", "original": {"path": "b.webm"}},
    ]
    page = editor(emulator.api, project(cameras))

    page.click("#export")

    assert ended(page) == ""
    assert text(page, "result") == "160x90 2.0 s"
    cameras[1]["original"]["path"] = "../b.webm"
    page = editor(emulator.api, project(cameras))
    page.click("#export")
    assert ended(page)
    assert page.evaluate("editor.faults.map((fault) => fault.pointer)") == ["/sources/1/path"]
    assert emulator.stop() == 0
