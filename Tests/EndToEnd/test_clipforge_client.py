"""ClipForge's client in a browser, from a page of another origin, and its recorded requests."""

import functools
import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect, sync_playwright

import conftest
import recorded_requests

PAGE = conftest.ROOT / "Tests/EndToEnd/clipforge_client"
TOKEN = "secret"
PROJECT = f"prj_{recorded_requests.ID}"
# The kept requests: name of the sample in events/, method and path.
SAMPLES = {
    "init-upload.clipforge-client": ("POST", "/api/upload/init"),
    "complete-upload.clipforge-client": ("POST", "/api/upload/complete"),
    "projects.clipforge-client-create": ("POST", "/api/projects"),
    "projects.clipforge-client-load": ("GET", f"/api/projects/{PROJECT}"),
    "projects.clipforge-client-save": ("PUT", f"/api/projects/{PROJECT}"),
    "start-export.clipforge-client": ("POST", "/api/export"),
}


class Page(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def origin():
    """The address of a server with the client's page."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Page, directory=PAGE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def recording(tmp_path):
    """An emulator with one user that records its invocations."""
    emulator = conftest.Emulator(
        tmp_path / "data",
        arguments=("--record", str(tmp_path / "records")),
        SPOOL_TOKENS=f"{TOKEN}=ann,other=bob",
    ).start()
    yield emulator
    if emulator.process.poll() is None:
        emulator.stop()


@pytest.fixture
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


def has_jobs_route():
    catalogue = json.loads((conftest.ROOT / "infra/functions.json").read_text())
    routes = [route for function in catalogue["functions"] for route in function.get("routes", [])]
    return any(route["path"] == "/api/jobs/{jobId}" for route in routes)


def open_client(browser, origin, emulator, project=None):
    """A new page of the client, with the browser's complaints."""
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    query = f"?api={emulator.api}&token={TOKEN}"
    query += f"&project={project}" if project else ""
    query += "&jobs=1" if has_jobs_route() else ""
    page.goto(origin + query)
    return page


def state(page):
    return page.evaluate("() => window.clipforge")


def played_seconds(page):
    return page.locator("#player").evaluate("""async (video) => {
        video.muted = true;
        await video.play();
        while (video.currentTime < 0.3) {
            if (video.error) throw new Error(video.error.message);
            await new Promise((resolve) => requestAnimationFrame(resolve));
        }
        return [video.currentTime, video.videoWidth, video.duration];
    }""")


def test_upload_save_load_export_and_play(recording, browser, origin, media, tmp_path):
    page = open_client(browser, origin, recording)
    page.locator("#file").set_input_files(str(media / "a.mp4"))
    expect(page.locator("#clips li")).to_have_count(1)
    percents = state(page)["percents"]
    assert percents == sorted(percents) and percents[-1] == 100, percents
    expect(page.locator("#percent")).to_have_text("100 %")
    page.locator("#name").fill("Holiday")
    page.locator("#save").click()
    expect(page.locator("#message")).to_contain_text("saved")
    project = state(page)["id"]
    page.close()

    # Another page on another day.
    page = open_client(browser, origin, recording, project)
    expect(page.locator("#clips li")).to_have_count(1)
    assert page.locator("#name").input_value() == "Holiday"
    page.locator("#save").click()
    expect(page.locator("#message")).to_contain_text("saved")
    page.locator("#export").click()
    expect(page.locator("#status")).to_have_text("completed", timeout=90_000)

    seen = state(page)["statuses"]
    words = [word for word, _ in seen]
    assert set(words) <= {"pending", "processing", "completed"}, words
    percents = [percent for _, percent in seen if percent is not None]
    assert percents == sorted(percents), percents
    seconds, width, duration = played_seconds(page)
    assert seconds >= 0.3 and width == 320 and abs(duration - 6) < 0.2
    assert page.complaints == []

    # The saved project is exported without its content in the request.
    started = recording.call("POST", "/api/export", {"projectId": project}, TOKEN)
    assert started.status == 202, started.body
    job = started.json()["jobId"]
    assert recording.wait(job, token=TOKEN)["state"] == "completed"
    foreign = recording.call("POST", "/api/export", {"projectId": project}, "other")
    assert foreign.status == 400, foreign.body

    assert recording.stop() == 0
    recorded_requests.check(tmp_path / "records", SAMPLES)


def test_a_lost_update_is_shown_to_the_page(recording, browser, origin):
    made = recording.call(
        "PUT", "/api/projects/film", {"project": {"tracks": [{"clips": []}]}}, TOKEN
    )
    assert made.status == 201, made.body
    page = open_client(browser, origin, recording, "film")
    page.wait_for_function("() => window.clipforge.etag")
    other = recording.call("PATCH", "/api/projects/film", {"name": "Theirs"}, TOKEN)
    assert other.status == 200, other.body
    page.locator("#save").click()
    expect(page.locator("#message")).to_contain_text("failed")

    problem = state(page)["error"]
    assert problem["status"] == 412
    assert problem["stored"]["updatedAt"] == other.json()["updatedAt"]
    assert problem["yours"]["updatedAt"] == made.json()["updatedAt"]
    assert page.complaints == []


def test_an_asset_is_found_shown_and_removed(recording, media):
    asset = recording.upload(media / "a.mp4", token=TOKEN)
    words = media / "words.vtt"
    words.write_text("WEBVTT\n\n00:00.000 --> 00:01.000\nHello\n")
    captions = recording.upload(words, "text/vtt", token=TOKEN)
    words.unlink()

    def ids(query):
        answer = recording.call("GET", f"/api/assets{query}", token=TOKEN)
        assert answer.status == 200, answer.body
        return [entry["id"] for entry in answer.json()["assets"]]

    assert ids("") == [captions, asset]
    assert ids("?kind=video") == [asset]
    assert ids("?name=WORDS") == [captions]
    shown = recording.call("GET", f"/api/assets/{asset}", token=TOKEN).json()
    assert conftest.http("GET", shown["cloudUrl"]).body == (media / "a.mp4").read_bytes()

    removed = recording.call("DELETE", f"/api/assets/{asset}", token=TOKEN)
    assert removed.status == 200, removed.body
    assert removed.json()["bytes"] > (media / "a.mp4").stat().st_size
    assert conftest.http("GET", shown["cloudUrl"]).status == 404
    assert ids("") == [captions]


def test_a_project_of_10_mb_is_saved_and_loaded(recording):
    body = {"project": {"tracks": [], "note": 'a "quoted" word / '}, "pad": "x" * 9_900_000}
    saved = recording.call("PUT", "/api/projects/big", body, TOKEN)
    assert saved.status == 201, saved.body
    read = recording.call("GET", "/api/projects/big", token=TOKEN)
    assert read.status == 200 and "pad" not in read.json()
    document = conftest.http("GET", read.json()["documentUrl"]).json()
    assert document["pad"] == body["pad"] and document["project"] == body["project"]

    # Compact, because the limit is of bytes.
    large = json.dumps({"pad": "x" * 10_000_000}).encode()
    refused = recording.call("PUT", "/api/projects/big", large, TOKEN)
    assert refused.status == 413, refused.body
