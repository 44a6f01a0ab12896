"""Every wrong request gets the right 4xx and a problem that names the field."""

import pytest

import conftest
from conftest import Emulator


def clip(**changes):
    return {"asset": {"type": "video", "assetId": "A"}, "start": 0, "length": 1} | changes


def edit(*clips, **more):
    return {"timeline": {"tracks": [{"clips": list(clips)}]}} | more


def asset(**changes):
    return {"asset": {"type": "video", "assetId": "A"} | changes}


INIT = {"filename": "a.mp4", "contentType": "video/mp4", "size": 10}
FIRST = "/timeline/tracks/0/clips/0"

# name, path, body, status, pointer of a fault; "A" becomes a real asset.
CASES = [
    ("no file name", "/api/upload/init", {"contentType": "video/mp4", "size": 1}, 400, "/filename"),
    ("file name of a wrong type", "/api/upload/init", INIT | {"filename": 7}, 400, "/filename"),
    ("size of a wrong type", "/api/upload/init", INIT | {"size": "10"}, 400, "/size"),
    ("size of zero", "/api/upload/init", INIT | {"size": 0}, 400, "/size"),
    (
        "not a media type",
        "/api/upload/init",
        INIT | {"contentType": "text/html"},
        400,
        "/contentType",
    ),
    ("no asset id", "/api/upload/complete", {}, 400, "/assetId"),
    ("unknown asset", "/api/upload/complete", {"assetId": "unknown"}, 404, "/assetId"),
    ("not JSON", "/api/export", b"{", 400, ""),
    ("not an object", "/api/export", [], 400, ""),
    ("empty body", "/api/export", b"", 400, ""),
    ("empty project", "/api/export", {"project": {"tracks": []}, "settings": {}}, 400, None),
    ("no timeline", "/api/export", {"output": {}}, 400, None),
    ("tracks of a wrong type", "/api/export", {"timeline": {"tracks": 3}}, 400, "/timeline/tracks"),
    (
        "asset of another kind",
        "/api/export",
        edit(clip(**asset(type="hologram"))),
        400,
        FIRST + "/asset/type",
    ),
    (
        "unknown asset in a clip",
        "/api/export",
        edit(clip(**asset(assetId="unknown"))),
        400,
        FIRST + "/asset/assetId",
    ),
    ("negative trim", "/api/export", edit(clip(**asset(trim=-1))), 400, FIRST + "/asset/trim"),
    (
        "trim beyond the end",
        "/api/export",
        edit(clip(**asset(trim=60))),
        400,
        FIRST + "/asset/trim",
    ),
    ("clip longer than its source", "/api/export", edit(clip(length=3600)), 400, FIRST + "/length"),
    ("clip of no length", "/api/export", edit(clip(length=0)), 400, FIRST + "/length"),
    ("negative start", "/api/export", edit(clip(start=-1)), 400, FIRST + "/start"),
    ("start of a wrong type", "/api/export", edit(clip(start="soon")), 400, FIRST + "/start"),
    (
        "overlapping clips",
        "/api/export",
        edit(clip(), clip(start=0.5)),
        400,
        "/timeline/tracks/0/clips/1/start",
    ),
    ("unknown fit", "/api/export", edit(clip(fit="squeeze")), 400, FIRST + "/fit"),
    ("frame rate of zero", "/api/export", edit(clip(), output={"fps": 0}), 400, "/output/fps"),
    ("crf out of range", "/api/export", edit(clip(), output={"crf": 99}), 400, "/output/crf"),
    (
        "absurd size",
        "/api/export",
        edit(clip(), output={"size": {"width": 10**9, "height": 2}}),
        400,
        "/output/size/width",
    ),
    (
        "volume of a wrong type",
        "/api/export",
        edit(clip(**asset(volume="loud"))),
        400,
        FIRST + "/asset/volume",
    ),
    ("foreign edit key", "/api/export", {"editKey": "uploads/other/edit.json"}, 400, "/editKey"),
    ("11 MB body", "/api/export", b'{"pad":"' + b"x" * 11_000_000 + b'"}', 413, None),
    ("unknown path", "/api/nowhere", {}, 404, None),
]


def with_asset(body, asset_id):
    if isinstance(body, dict):
        return {key: with_asset(value, asset_id) for key, value in body.items()}
    if isinstance(body, list):
        return [with_asset(value, asset_id) for value in body]
    return asset_id if body == "A" else body


def check_problem(answer, status):
    assert answer.status == status, answer.body
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert problem["status"] == status
    assert problem["title"] and problem["detail"] and problem["error"]
    return problem


@pytest.mark.parametrize(
    ("path", "body", "status", "pointer"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_wrong_request(shared, assets, path, body, status, pointer):
    answer = shared.call("POST", path, with_asset(body, assets["a"]))
    problem = check_problem(answer, status)
    if pointer is not None:
        assert pointer in [fault["pointer"] for fault in problem["errors"]], problem


def test_each_front_end_gets_its_error_field(shared):
    empty = shared.call("POST", "/api/export", {"project": {"tracks": []}, "settings": {}})
    assert empty.json()["error"] == "Empty project"
    unknown = shared.call("GET", "/api/export/job_1_unknown/status")
    assert check_problem(unknown, 404)["error"] == "Job not found"
    assert check_problem(shared.call("GET", "/nowhere/at/all"), 404)["error"] == "Not found"


def test_a_wrong_method_names_the_right_one(shared):
    answer = shared.call("PUT", "/api/export", {})
    check_problem(answer, 405)
    assert "POST" in answer.headers["Allow"]


def test_a_running_export_has_nothing_to_download(shared, assets):
    job = shared.start_export(
        conftest.single(assets["a"], 5, size={"width": 320, "height": 180}, crf=1)
    )
    check_problem(shared.call("GET", f"/api/export/{job}/download"), 409)
    done = shared.wait(job)
    moved = shared.call("GET", f"/api/export/{job}/download")
    assert moved.status == 302
    assert conftest.http("GET", moved.headers["Location"]).status == 200
    assert done["state"] == "completed"


def test_tokens_keep_owners_apart(tmp_path, media):
    emulator = Emulator(tmp_path / "data", SPOOL_TOKENS="secret-a=ann,secret-b=bob").start()
    try:
        missing = emulator.call("POST", "/api/upload/init", INIT)
        assert check_problem(missing, 401)["error"] == "Authorization required"
        wrong = emulator.call("POST", "/api/upload/init", INIT, token="guess")
        assert check_problem(wrong, 401)["error"] == "Invalid or expired token"

        asset_id = emulator.upload(media / "a.mp4", token="secret-a")
        small = {"size": {"width": 64, "height": 36}}
        job = emulator.start_export(conftest.single(asset_id, 1, **small), token="secret-a")
        foreign = emulator.call("GET", f"/api/export/{job}/status", token="secret-b")
        assert check_problem(foreign, 403)["error"] == "Unauthorized"
        check_problem(emulator.call("DELETE", f"/api/export/{job}", token="secret-b"), 403)
        theft = emulator.call("POST", "/api/export", conftest.single(asset_id, 1), "secret-b")
        assert check_problem(theft, 400)["errors"][0]["pointer"].endswith("/assetId")
        assert emulator.wait(job, token="secret-a")["state"] == "completed"
        assert emulator.call("GET", "/api/exports", token="secret-b").json() == {"exports": []}
    finally:
        emulator.stop()


def test_head_is_answered_as_get_without_the_body(shared, assets):
    small = {"size": {"width": 64, "height": 36}}
    job = shared.start_export(conftest.single(assets["a"], 1, **small))
    head = shared.call("HEAD", f"/api/export/{job}/status")
    assert (head.status, head.body) == (200, b"")
    assert shared.call("HEAD", "/healthz").status == 200
