"""The console in a real browser, used as by a person."""

import json
import os

import pytest
from playwright.sync_api import expect, sync_playwright

import conftest

EXPORT_MILLISECONDS = 90_000


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=conftest.CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--autoplay-policy=no-user-gesture-required",
            ],
        )
        yield running
        running.close()


@pytest.fixture
def page(browser, shared, request):
    """A fresh page on the console; every browser error fails the test."""
    context = browser.new_context(**getattr(request, "param", {}), accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(20_000)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda message: complaints.append(message.text) if message.type == "error" else None,
    )
    page.complaints = complaints
    page.goto(shared.api + "/")
    yield page
    context.close()


def upload(page, *paths):
    """Uploads files and waits until each of them is an asset."""
    assets = page.get_by_test_id("asset")
    before = assets.count()
    page.get_by_test_id("file").set_input_files([str(path) for path in paths])
    expect(assets).to_have_count(before + len(paths), timeout=30_000)


def set_output(page, **output):
    """Changes the prefilled edit as a person would in its text."""
    text = page.get_by_test_id("edit-text")
    edit = json.loads(text.input_value())
    edit["output"] |= output
    text.fill(json.dumps(edit, indent=2))


def wait_until_playing(page):
    """Plays the result and returns two playback times and the video's size and length."""
    return page.get_by_test_id("player").evaluate("""async (video) => {
        video.muted = true;
        await video.play();
        const first = video.currentTime;
        while (video.currentTime < first + 0.3) {
            if (video.error) throw new Error(video.error.message);
            await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        return [first, video.currentTime, video.videoWidth, video.videoHeight, video.duration];
    }""")


def test_upload_export_watch_and_play(page, media, tmp_path):
    upload(page, media / "a.mp4", media / "b.webm", media / "logo.png", media / "music.m4a")
    expect(page.get_by_test_id("asset").first).to_contain_text("320 × 180")
    edit = json.loads(page.get_by_test_id("edit-text").input_value())
    types = [clip["asset"]["type"] for clip in edit["timeline"]["tracks"][0]["clips"]]
    assert types == ["video", "video", "image"]
    assert edit["timeline"]["soundtrack"]["assetId"]

    set_output(page, size={"width": 320, "height": 180}, chunkSeconds=1.5)
    page.get_by_test_id("start").click()
    cells = page.get_by_test_id("chunk")
    expect(cells.first).to_be_visible()
    count = cells.count()
    assert count >= 6
    expect(page.get_by_test_id("phase")).to_have_text("completed", timeout=EXPORT_MILLISECONDS)

    expect(page.locator("[data-testid=chunk][data-state=done]")).to_have_count(count)
    expect(page.get_by_test_id("percent")).to_have_text("100 %")
    expect(page.get_by_test_id("audio-lane")).to_have_attribute("data-state", "done")
    first, second, width, height, duration = wait_until_playing(page)
    assert second > first
    assert (width, height) == (320, 180)
    # 6 s, 5 s and an image of 4 s.
    assert abs(duration - 15) < 0.1
    with page.expect_download() as downloading:
        page.get_by_test_id("download").click()
    file = tmp_path / "result.mp4"
    downloading.value.save_as(file)
    assert len(conftest.frame_hashes(file)) == 450
    page.screenshot(path=tmp_path / "console.png", full_page=True)
    assert page.complaints == []


def test_activity_shows_the_invocations(page, media):
    upload(page, media / "a.mp4")
    expect(page.get_by_test_id("functions").get_by_text("render-chunk")).to_be_visible()
    row = page.get_by_test_id("invocations").locator("tr", has_text="complete-upload")
    expect(row.first).to_be_visible()
    expect(page.get_by_test_id("log").locator("li").first).to_be_visible()
    # The poster is shown once the function that makes it has ended.
    expect(page.get_by_test_id("poster").first).to_be_visible(timeout=30_000)
    assert page.complaints == []


def test_a_problem_leads_to_its_field(page, media):
    upload(page, media / "a.mp4")
    text = page.get_by_test_id("edit-text")
    edit = json.loads(text.input_value())
    edit["timeline"]["tracks"][0]["clips"][0]["asset"]["trim"] = -1
    text.fill(json.dumps(edit, indent=2))
    page.get_by_test_id("start").click()

    fault = page.get_by_test_id("fault").first
    expect(fault).to_have_attribute("data-pointer", "/timeline/tracks/0/clips/0/asset/trim")
    fault.get_by_role("button").click()
    selected = text.evaluate("area => area.value.slice(area.selectionStart, area.selectionEnd)")
    assert selected == "-1"


def test_text_that_is_not_json_is_not_sent(page):
    page.get_by_test_id("edit-text").fill("{")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("problems")).to_contain_text("not JSON")
    assert page.complaints == []


def test_a_file_that_is_not_media_is_reported_at_its_upload(page, tmp_path):
    novel = tmp_path / "novel.mp4"
    novel.write_bytes(b"It was a dark and stormy night. " * 400)
    page.get_by_test_id("file").set_input_files(str(novel))
    row = page.get_by_test_id("upload")
    expect(row).to_contain_text("novel.mp4")
    expect(row.locator(".note")).to_contain_text("assetId")


def test_cancel_stops_a_running_export(page, media):
    upload(page, media / "slow.mp4")
    set_output(page, crf=1, preset="veryslow")
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("phase")).to_have_text("rendering", timeout=30_000)
    page.get_by_test_id("cancel").click()

    expect(page.get_by_test_id("phase")).to_have_text("cancelled", timeout=15_000)
    expect(page.get_by_test_id("cancel")).to_be_hidden()
    assert page.complaints == []


def test_the_same_edit_again_shows_reused_chunks(page, media):
    upload(page, media / "a.mp4")
    set_output(page, size={"width": 96, "height": 54}, chunkSeconds=2)
    phase = page.get_by_test_id("phase")
    for state in ("done", "cached"):
        before = page.get_by_test_id("job-id").inner_text()
        page.get_by_test_id("start").click()
        expect(page.get_by_test_id("job-id")).not_to_have_text(before)
        expect(phase).to_have_text("completed", timeout=EXPORT_MILLISECONDS)
        cells = page.get_by_test_id("chunk")
        expect(page.locator(f"[data-testid=chunk][data-state={state}]")).to_have_count(
            cells.count()
        )


def test_a_reload_keeps_media_and_export(page, media):
    upload(page, media / "a.mp4")
    set_output(page, size={"width": 64, "height": 36})
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("phase")).to_have_text("completed", timeout=EXPORT_MILLISECONDS)
    job = page.get_by_test_id("job-id").inner_text()
    page.reload()

    expect(page.get_by_test_id("job-id")).to_have_text(job)
    expect(page.get_by_test_id("asset")).to_have_count(1)
    expect(page.get_by_test_id("recent-export").filter(has_text=job)).to_contain_text("completed")


def test_a_large_file_goes_in_parts(page, media, tmp_path):
    # A small film with a free box as padding, larger than a single PUT.
    film = (media / "a.mp4").read_bytes()
    rest = (101 << 20) - len(film)
    large = tmp_path / "large.mp4"
    large.write_bytes(film + rest.to_bytes(4, "big") + b"free")
    os.truncate(large, len(film) + rest)
    methods = []
    page.on(
        "request",
        lambda request: (
            methods.append(request.url)
            if request.method == "PUT" and "partNumber=" in request.url
            else None
        ),
    )
    upload(page, large)

    assert len(methods) == 7
    expect(page.get_by_test_id("asset")).to_contain_text("106 MB")
    assert page.complaints == []


def test_a_token_opens_the_console(browser, tmp_path, media):
    emulator = conftest.Emulator(
        tmp_path / "data", SPOOL_TOKENS="secret=anna", SPOOL_ADMIN_TOKEN="root"
    ).start()
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(emulator.api + "/")
        expect(page.get_by_test_id("banner")).to_contain_text("token is needed")
        page.get_by_test_id("token").fill("secret")
        page.get_by_test_id("admin-token").fill("root")
        page.get_by_role("button", name="Use").click()

        expect(page.get_by_test_id("functions")).to_contain_text("render-chunk")
        expect(page.get_by_test_id("banner")).to_be_hidden()
        upload(page, media / "a.mp4")
        assert page.get_by_test_id("asset").get_attribute("data-asset").startswith("anna_")
    finally:
        context.close()
        emulator.stop()


@pytest.mark.parametrize("page", [{"viewport": {"width": 400, "height": 800}}], indirect=True)
def test_a_narrow_screen_needs_no_sideways_scrolling(page):
    expect(page.get_by_test_id("start")).to_be_visible()
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 400


def test_the_keyboard_reaches_the_main_controls(page):
    wanted = ["file", "resolution", "fps", "edit-text", "start"]
    seen = []
    for _ in range(40):
        if seen == wanted:
            break
        page.keyboard.press("Tab")
        name = page.evaluate("document.activeElement.id")
        seen += [name] if name in wanted else []
    assert seen == wanted


def finished_export(page, media, **output):
    upload(page, media / "a.mp4")
    set_output(page, size={"width": 128, "height": 72}, chunkSeconds=1, **output)
    page.get_by_test_id("start").click()
    expect(page.get_by_test_id("phase")).to_have_text("completed", timeout=EXPORT_MILLISECONDS)


def test_the_invocations_of_an_export_are_on_a_time_axis(page, media, tmp_path):
    finished_export(page, media)
    bars = page.get_by_test_id("run")
    expect(page.get_by_test_id("runs-summary")).to_contain_text("cold start")
    stitch = page.get_by_test_id("run-lane").filter(has_text="stitch-export").get_by_test_id("run")
    expect(stitch.first).to_be_visible()
    assert bars.count() >= page.get_by_test_id("chunk").count() + 2
    chunk = page.get_by_test_id("run-lane").filter(has_text="render-chunk").get_by_test_id("run")
    # Later bars are further right, and no bar leaves its lane.
    boxes = [bar.bounding_box() for bar in (chunk.first, stitch.last)]
    assert boxes[0]["x"] < boxes[1]["x"]
    lane = page.locator(".run-lane").first.bounding_box()
    for bar in bars.all():
        box = bar.bounding_box()
        assert box["x"] >= lane["x"] - 1
        assert box["x"] + box["width"] <= lane["x"] + lane["width"] + 1
    page.screenshot(path=tmp_path / "runs.png", full_page=True)
    assert page.complaints == []


def test_the_keyboard_selects_an_invocation_and_shows_its_log(page, media):
    finished_export(page, media)
    first = page.get_by_test_id("run").first
    expect(first).to_be_visible()
    first.focus()
    page.keyboard.press("End")
    last = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert last == page.get_by_test_id("run").last.get_attribute("aria-label")
    page.keyboard.press("ArrowUp")
    above = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert above != last
    page.keyboard.press("Enter")

    detail = page.get_by_test_id("runs-detail")
    expect(detail).to_contain_text("Request ")
    request = detail.inner_text().rpartition("Request ")[2].rstrip(".")
    log = page.get_by_test_id("log")
    expect(log).to_contain_text(f"START RequestId: {request}")
    expect(log).to_contain_text(f"REPORT RequestId: {request}")
    assert log.inner_text().count("START RequestId") == 1
    page.keyboard.press("Escape")
    expect(page.get_by_test_id("runs-clear")).to_be_hidden()
    assert page.complaints == []


@pytest.mark.parametrize("page", [{"viewport": {"width": 400, "height": 800}}], indirect=True)
def test_the_time_axis_fits_a_narrow_screen(page, media, tmp_path):
    finished_export(page, media)
    expect(page.get_by_test_id("run").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.screenshot(path=tmp_path / "narrow.png", full_page=True)


def test_what_others_wrote_is_text_in_the_console(page, shared, media, tmp_path):
    """A file name, and a message of a failed request, that a page would take for markup."""
    evil = tmp_path / "<img src=x onerror=window.hacked=1>.mp4"
    evil.write_bytes((media / "a.mp4").read_bytes())
    upload(page, evil)
    expect(page.get_by_test_id("asset").first).to_contain_text("<img src=x")
    mark = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"
    shared.call("POST", "/api/export", {"timeline": mark, mark: mark})
    page.wait_for_timeout(1500)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img[src=x]").count() == 0
