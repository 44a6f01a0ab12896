"""Video Refresher's browser client, as its document describes it, from another origin."""

import base64
import hashlib
import hmac
import io
import json
import pathlib
import time
import uuid
import zipfile

import pytest

import conftest
import recorded_requests
from conftest import Emulator, wait_until
from store_clients import s3_client

PASSWORD = "a shared password"
BATCH = f"/api/jobs/batch_{recorded_requests.ID}"
# The kept requests: name of the sample in events/, method and path.
SAMPLES = {
    "auth.refresher-client": ("POST", "/api/auth"),
    "create-batch.refresher-client-pending": ("POST", "/api/jobs", "pending"),
    "create-batch.refresher-client-stored": ("POST", "/api/jobs", "stored"),
    "read-jobs.refresher-client-list": ("GET", "/api/jobs"),
    "read-jobs.refresher-client-poll": ("GET", BATCH),
    "download-all.refresher-client": ("GET", f"{BATCH}/download-all"),
    "download-all.refresher-client-one": ("GET", f"{BATCH}/download"),
}

# The client: login with sessionStorage, one form for all files, polling from 2 s by a factor of
# 1.2 up to 10 s, downloads as blobs. Time is divided by a hundred.
CLIENT = """
window.client = api => ({
  async call(path, options = {}) {
    const token = sessionStorage.getItem('auth_token');
    const answer = await fetch(api + path, {...options, headers: {
      ...(options.headers ?? {}), ...(token ? {Authorization: `Bearer ${token}`} : {})}});
    if (answer.status === 401) sessionStorage.removeItem('auth_token');
    return answer;
  },
  async login(password) {
    const answer = await this.call('/api/auth', {method: 'POST',
      headers: {'Content-Type': 'application/json'}, body: JSON.stringify({password})});
    const body = await answer.json();
    if (answer.ok) sessionStorage.setItem('auth_token', body.token);
    return {status: answer.status, error: body.error};
  },
  async start(files, variations) {
    const form = new FormData();
    for (const [name, type, text] of files) {
      const bytes = Uint8Array.from(atob(text), c => c.charCodeAt(0));
      form.append('files[]', new File([bytes], name, {type}));
    }
    form.append('variations', String(variations));
    const answer = await this.call('/api/jobs', {method: 'POST', body: form});
    return {status: answer.status, body: await answer.json()};
  },
  async jobs() { return (await (await this.call('/api/jobs')).json()).jobs; },
  async poll(id) {
    const seen = [];
    for (let interval = 2000;; interval = Math.min(interval * 1.2, 10000)) {
      const job = await (await this.call(`/api/jobs/${id}`)).json();
      seen.push(job);
      if (['complete', 'failed', 'cancelled'].includes(job.status)) return seen;
      await new Promise(done => setTimeout(done, interval / 100));
    }
  },
  async download(path) {
    const answer = await this.call(path);
    const bytes = new Uint8Array(await (await answer.blob()).arrayBuffer());
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768)
      text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return {status: answer.status, type: answer.headers.get('content-type'), data: btoa(text)};
  },
});
"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """Three videos of a second, of different kinds, as a page would send them."""
    folder, files = tmp_path_factory.mktemp("clips"), []
    kinds = [
        ("one.mp4", "video/mp4", "libx264"),
        ("two.webm", "video/webm", "libvpx"),
        ("three.mov", "video/quicktime", "libx264"),
    ]
    for name, kind, codec in kinds:
        source = ["-f", "lavfi", "-i", "testsrc2=s=128x72:r=25:d=1", "-pix_fmt", "yuv420p"]
        conftest.ffmpeg(*source, "-c:v", codec, folder / name)
        files.append([name, kind, base64.b64encode((folder / name).read_bytes()).decode()])
    return files


@pytest.fixture(scope="module")
def refresher(tmp_path_factory):
    folder = tmp_path_factory.mktemp("refresher")
    arguments = ("--record", str(folder / "records"))
    running = Emulator(folder / "data", arguments=arguments, AUTH_PASSWORD=PASSWORD).start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def page(foreign_page, refresher):
    """A new tab of the front end, signed out."""
    tab = foreign_page.context.browser.new_page()
    tab.goto(foreign_page.url)
    tab.evaluate(CLIENT)
    tab.evaluate("api => { window.refresher = window.client(api) }", refresher.api)
    yield tab
    tab.close()


def call(page, method, *arguments):
    """A method of the page's client."""
    return page.evaluate(
        "([method, values]) => window.refresher[method](...values)", [method, list(arguments)]
    )


def test_three_files_by_four_variations(refresher, page, foreign_page, clips):
    assert call(page, "login", PASSWORD)["status"] == 200
    started = call(page, "start", clips, 4)
    assert started["status"] == 201, started
    job = started["body"]
    assert set(job) == {"job_id", "status", "files", "variations", "total_outputs", "created_at"}
    assert (job["status"], job["variations"], job["total_outputs"]) == ("queued", 4, 12)
    sizes = [len(base64.b64decode(text)) for _, _, text in clips]
    assert job["files"] == [
        {"name": name, "size": size} for (name, _, _), size in zip(clips, sizes, strict=True)
    ]
    page.close()

    # The page was closed, and the viewer comes back in another tab.
    again = foreign_page.context.browser.new_page()
    again.goto(foreign_page.url)
    again.evaluate(CLIENT)
    again.evaluate("api => { window.refresher = window.client(api) }", refresher.api)
    assert call(again, "login", PASSWORD)["status"] == 200
    assert [entry["job_id"] for entry in call(again, "jobs")] == [job["job_id"]]
    seen = call(again, "poll", job["job_id"])

    last = seen[-1]
    assert last["status"] == "complete", last
    percents = [entry["progress"]["percent"] for entry in seen]
    assert percents == sorted(percents) and percents[-1] == 100
    assert len(last["results"]) == 12
    assert all(result["ready"] and result["size"] > 0 for result in last["results"])
    assert {len(entry["results"]) for entry in seen} == {12}
    assert last["expires_at"][:10] > last["created_at"][:10]

    chosen = last["results"][5]
    one = call(again, "download", f"/api/jobs/{job['job_id']}/download?output={chosen['id']}")
    assert (one["status"], one["type"]) == (200, "video/mp4")
    film = base64.b64decode(one["data"])
    assert len(film) == chosen["size"] and film[4:8] == b"ftyp"
    archive = call(again, "download", f"/api/jobs/{job['job_id']}/download-all")
    again.close()
    files = zipfile.ZipFile(io.BytesIO(base64.b64decode(archive["data"])))
    assert files.testzip() is None
    assert files.namelist() == [result["name"] for result in last["results"]]
    assert {entry.compress_type for entry in files.infolist()} == {zipfile.ZIP_STORED}
    assert files.read(chosen["name"]) == film
    recorded_requests.check(refresher.data.parent / "records", SAMPLES)


def test_a_wrong_password_and_a_missing_token(refresher, page, clips):
    assert call(page, "login", "a guess") == {"status": 401, "error": "Invalid password"}
    refused = call(page, "start", clips[:1], 1)
    assert refused["status"] == 401
    assert refused["body"]["error"] == "Authorization required"
    health = conftest.http("GET", refresher.api + "/api/health")
    assert (health.status, health.json()["status"]) == (200, "ok")


def test_refused_files_are_named(page, clips):
    call(page, "login", PASSWORD)
    text = ["notes.txt", "text/plain", base64.b64encode(b"notes").decode()]
    novel = ["novel.mp4", "video/mp4", base64.b64encode(b"It was a dark night. " * 99).decode()]
    refused = call(page, "start", [clips[0], text, novel], 60)
    assert refused["status"] == 400
    details = [fault["detail"] for fault in refused["body"]["errors"]]
    assert any('"notes.txt" is not a video' in detail for detail in details)
    assert any('"novel.mp4" is not a video' in detail for detail in details)
    assert any("from 1 to 50" in detail for detail in details)

    many = call(page, "start", [clips[0]] * 11, 1)
    assert many["status"] == 400
    assert "one file too many" in many["body"]["errors"][0]["detail"]


def test_stored_names_are_uuids_with_the_extension(refresher, page, clips):
    call(page, "login", PASSWORD)
    job = call(page, "start", clips[1:2], 4)["body"]["job_id"]
    store = s3_client(refresher)
    record = store.get_object(Bucket="spool", Key=f"batches/local/{job}.json")["Body"].read()
    asset = json.loads(record)["files"][0]["assetId"]

    def uploads():
        return [
            entry["Key"]
            for entry in store.list_objects_v2(
                Bucket="spool", Prefix=f"uploads/local/{asset}/"
            ).get("Contents", [])
        ]

    found = uploads()
    # The upload is deleted when the job is done, four renders from now.
    assert len(found) == 1
    for key in found:
        uuid.UUID(pathlib.PurePath(key).stem)
        assert key.endswith(".webm")
    call(page, "poll", job)
    wait_until("the end of the uploads", lambda: not uploads())


def test_a_job_expires_and_so_does_a_token(refresher, page, clips):
    call(page, "login", PASSWORD)
    job = call(page, "start", clips[:1], 1)["body"]["job_id"]
    call(page, "poll", job)
    store, key = s3_client(refresher), f"batches/local/{job}.json"
    record = json.loads(store.get_object(Bucket="spool", Key=key)["Body"].read())
    record["expiresAtMilliseconds"] = int(time.time() * 1000) - 1
    store.put_object(Bucket="spool", Key=key, Body=json.dumps(record))

    expired = page.evaluate(
        """async id => {
        const answer = await window.refresher.call(`/api/jobs/${id}`);
        return [answer.status, (await answer.json()).error];
    }""",
        job,
    )
    assert expired == [410, "Job expired"]
    assert job not in [entry["job_id"] for entry in call(page, "jobs")]

    stored = store.get_object(Bucket="spool", Key="secrets/local/sessions.json")["Body"].read()
    secret = bytes.fromhex(json.loads(stored)["secret"])
    key = hmac.digest(secret, PASSWORD.encode(), hashlib.sha256)

    def token(age):
        text = str(int((time.time() - age) * 1000))
        signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        return base64.b64encode(f"{text}:{signature}".encode()).decode()

    assert refresher.call("GET", "/api/jobs", token=token(86_300)).status == 200
    old = refresher.call("GET", "/api/jobs", token=token(86_401))
    assert (old.status, old.json()["error"]) == (401, "Invalid or expired token")


def test_a_job_is_cancelled_and_then_deleted(refresher, page, clips):
    call(page, "login", PASSWORD)
    job = call(page, "start", clips, 10)["body"]["job_id"]
    delete = """async id => {
        const answer = await window.refresher.call(`/api/jobs/${id}`, {method: 'DELETE'});
        return [answer.status, (await answer.json()).status];
    }"""
    assert page.evaluate(delete, job) == [200, "cancelled"]
    assert call(page, "poll", job)[-1]["status"] == "cancelled"
    wait_until("the end of all exports", lambda: page.evaluate(delete, job) == [200, "deleted"])
    assert page.evaluate(delete, job)[0] == 404

    def names():
        found = s3_client(refresher).list_objects_v2(
            Bucket="spool", Prefix=f"exports/local/{job.replace('batch', 'job')}"
        )
        return {entry["Key"].split("/")[-1] for entry in found.get("Contents", [])}

    # What is left says that the exports were removed, and stops a late renderer, which removes
    # what it has written.
    wait_until("only tombstones", lambda: names() <= {"removed.json", "cancel.json"})
