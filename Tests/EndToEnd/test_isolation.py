"""Two owners on every route of infra/functions.json: one sees and changes nothing of the other."""

import itertools
import json
import re
import urllib.parse

import pytest

import conftest
import store_clients

ROUTES = [
    (route["method"], route["path"])
    for function in json.loads((conftest.ROOT / "infra/functions.json").read_text())["functions"]
    for route in function.get("routes", [])
]
# Routes that answer without an owner.
OPEN = {
    ("GET", "/api/health"),
    ("POST", "/api/auth"),
    # Signed by the provider.
    ("POST", "/api/payments/webhooks/{provider}"),
} | {
    ("POST", f"/api/auth/{call}")
    for call in (
        *("sign-up", "verify-email", "sign-in", "two-factor"),
        *("forgot-password", "reset-password", "google", "passkey"),
    )
}
# A word in every name that Ann chose, which Bob never sends.
MARK = "zebra7f3a"


@pytest.fixture(scope="module")
def owners(tmp_path_factory, media):
    """An emulator with two owners, and what the first one has."""
    folder = tmp_path_factory.mktemp("isolation")
    running = conftest.Emulator(
        folder / "data",
        SPOOL_TOKENS="token-ann=ann,token-bob=bob",
        SPOOL_WEBHOOK_ALLOW="127.0.0.0/8",
    ).start()
    film = folder / f"{MARK}.mp4"
    film.write_bytes((media / "a.mp4").read_bytes())
    have = {"assets": [running.upload(film, token="token-ann")]}
    edit = conftest.single(have["assets"][0], 1, size={"width": 160, "height": 90})
    outputs = edit | {"hls": True}
    have["jobs"] = [running.start_export(outputs, token="token-ann")]
    running.wait(have["jobs"][0], token="token-ann")
    project = running.call(
        "POST", "/api/projects", {"name": MARK, "project": edit}, token="token-ann"
    )
    have["projects"] = [project.json()["id"]]
    endpoint = running.call(
        "POST",
        "/api/webhooks/endpoints",
        {"url": f"http://127.0.0.1:9/{MARK}", "events": ["export.completed"]},
        token="token-ann",
    )
    have["endpoints"] = [endpoint.json().get("id", "ep_x")]
    upload = running.call(
        "POST",
        "/api/uppy/s3/multipart",
        {"filename": "open.mp4", "type": "video/mp4"},
        token="token-ann",
    ).json()
    have |= {"uploads": [upload["uploadId"]], "keys": [upload["key"]]}
    have["media"] = store_clients.s3_client(running).list_objects_v2(
        Bucket="spool", Prefix=f"uploads/ann/{have['assets'][0]}/"
    )["Contents"][0]["Key"]
    yield running, have
    assert running.stop() == 0


def objects(running):
    """Ann's objects that no background work changes, with their ETags."""
    s3 = store_clients.s3_client(running)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket="spool")
    every = [entry for page in pages for entry in page.get("Contents", [])]
    roots = ("uploads/", "projects/", "exports/", "webhooks/", "tokens/", "jobs/")
    kept = {
        entry["Key"]: entry["ETag"]
        for entry in every
        if entry["Key"].startswith(roots) and "/bob/" not in entry["Key"]
    }
    open_uploads = s3.list_multipart_uploads(Bucket="spool").get("Uploads", [])
    return kept | {entry["UploadId"]: "open" for entry in open_uploads if "/ann/" in entry["Key"]}


def paths(path, have):
    """The path with each of Ann's IDs in its places."""
    pool = {
        "jobId": have["jobs"],
        "id": have["projects"] + have["assets"],
        "uploadId": have["uploads"],
        "partNumber": ["1"],
        "playlist": ["master.m3u8", "0.m3u8"],
        "endpointId": have["endpoints"],
    }
    names = re.findall(r"\{(\w+)\}", path)
    others = have["jobs"] + have["projects"]
    for values in itertools.product(*(pool.get(name, others) for name in names)):
        found = path
        for name, value in zip(names, values, strict=True):
            found = found.replace("{" + name + "}", value)
        yield found


def bodies(have):
    """Bodies that name what Ann has, in each of the shapes that functions read."""
    asset, job, project = have["assets"][0], have["jobs"][0], have["projects"][0]
    yield {"assetId": asset, "parts": [{"partNumber": 1, "etag": "x"}]}
    yield {"parts": [{"PartNumber": 1, "ETag": "x"}]}
    yield {"editKey": have["media"]}
    yield {"projectId": project}
    yield {"jobId": job, "exportId": job, "jobIds": [job], "exportIds": [job]}
    yield conftest.single(asset, 1)
    yield {"files": [{"key": have["media"], "assetId": asset}], "variations": 1}


def queries(have):
    key = urllib.parse.quote(have["keys"][0], safe="")
    dotted = urllib.parse.quote(f"uploads/bob/x/../../{have['keys'][0][8:]}", safe="")
    yield ""
    yield f"?key={key}&partNumbers=1&confirm=ann&owner=ann&userId=ann"
    yield f"?key={dotted}&partNumbers=1"
    yield f"?jobIds={have['jobs'][0]}&ids={have['jobs'][0]}&jobId={have['jobs'][0]}"
    yield f"?prefix=uploads/ann/&cursor=uploads/ann/&name={have['assets'][0]}"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_an_owner_neither_sees_nor_changes_what_another_has(owners, method, path):
    running, have = owners
    before = objects(running)
    sendings = bodies(have) if method in ("POST", "PUT", "PATCH") else [None]
    for place, query, body in itertools.product(paths(path, have), queries(have), sendings):
        if (method, path) == ("DELETE", "/api/owner") and "confirm=bob" in query:
            continue
        answer = running.call(method, place + query, body, token="token-bob")
        assert answer.status < 500, (place, answer.body)
        text = answer.body.decode(errors="replace") + str(answer.headers)
        assert MARK not in text, (place, query, text)
        if answer.status < 300 and "{" in path and (method, path) not in OPEN:
            # An abort of an unknown upload does nothing. A project's ID is chosen by its owner:
            # what Bob saves under it is his own.
            is_own = path == "/api/projects/{id}" and method != "GET"
            assert is_own or (method, answer.body) == ("DELETE", b"{}"), (place, query, text)
        if answer.status < 400:
            assert "uploads/ann" not in text and "/ann/" not in text, (place, query, text)
    assert objects(running) == before


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in OPEN])
@pytest.mark.parametrize("token", [None, "", "token-an", "token-annx", "ann", "token-ann,"])
def test_a_route_requires_a_token(owners, method, path, token):
    running, have = owners
    place = next(iter(paths(path, have)))
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body = b"{}" if method in ("POST", "PUT", "PATCH") else None
    answer = conftest.http(method, running.api + place, body, headers)
    assert answer.status == 401, answer.body
    assert MARK not in answer.body.decode()


def test_an_unknown_job_and_that_of_another_owner_look_alike(owners):
    running, have = owners
    unknown = "job_1700000000000_aaaaaaaaaaaaaaaaaaaa"
    for suffix in ("", "/status", "/download", "/download-all"):
        seen = {
            job: running.call("GET", f"/api/export/{job}{suffix}", token="token-bob").status
            for job in (have["jobs"][0], unknown)
        }
        assert set(seen.values()) <= {403, 404}, seen


def test_the_same_edit_of_another_owner_is_not_found_in_the_cache(owners, media):
    """Chunks have a content address below their owner: a hit would show that a film is here."""
    running, _ = owners
    own = running.upload(media / "a.mp4", token="token-bob")
    edit = conftest.single(own, 1, size={"width": 160, "height": 90})
    job = running.start_export(edit, token="token-bob")
    running.wait(job, token="token-bob")
    s3 = store_clients.s3_client(running)
    keys = {
        owner: {
            entry["Key"].rsplit("/", 1)[1]
            for entry in s3.list_objects_v2(Bucket="spool", Prefix=f"cache/{owner}/")["Contents"]
        }
        for owner in ("ann", "bob")
    }
    assert keys["ann"] and keys["bob"]


def test_playlists_and_archives_name_only_their_owners_files(owners):
    running, have = owners
    job = have["jobs"][0]
    for path in (f"/api/export/{job}/hls/master.m3u8", f"/api/export/{job}/download-all"):
        mine = running.call("GET", path, token="token-ann")
        assert "bob" not in mine.body.decode(errors="replace")
        assert running.call("GET", path, token="token-bob").status in (403, 404)
