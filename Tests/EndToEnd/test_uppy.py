"""Uploads by the protocol of Uppy's S3 plugin, from a page of another origin."""

import base64

import conftest

# The calls of the plugin with `companionUrl`, verb by verb: the same paths,
# headers and bodies; parts of 5 MiB, several at once, ETags read across
# origins. It is paused after its first parts and resumes from the list.
PLUGIN = """
async ({companionUrl, type, name, size, stopAfter}) => {
  const partSize = 5 * 1024 * 1024;
  const bytes = Uint8Array.from(atob(window.base64), c => c.charCodeAt(0)).slice(0, size);
  const file = new File([bytes], name, {type});
  const json = async (path, options = {}) => {
    const answer = await fetch(`${companionUrl}/s3/${path}`, {
      ...options, headers: {
        'Accept': 'application/json', 'Uppy-Versions': '@uppy/companion-client=4.0.0',
        ...(options.body ? {'Content-Type': 'application/json'} : {})}});
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const begun = await json('multipart', {
    method: 'POST', body: JSON.stringify({filename: file.name, type: file.type, metadata: {}})});
  const id = encodeURIComponent(begun.uploadId), key = encodeURIComponent(begun.key);
  const count = Math.ceil(file.size / partSize);
  const send = async number => {
    const signed = await json(`multipart/${id}/${number}?key=${key}`);
    const put = await fetch(signed.url, {
      method: 'PUT', body: file.slice((number - 1) * partSize, number * partSize)});
    if (!put.ok) throw new Error(`part ${number}: ${put.status}`);
    return {PartNumber: number, ETag: put.headers.get('ETag')};
  };
  const numbers = [...Array(count).keys()].map(n => n + 1);
  await Promise.all(numbers.slice(0, stopAfter).map(send));
  // Resumed: what is there already is not sent again.
  const there = await json(`multipart/${id}?key=${key}`);
  const done = new Map(there.map(part => [part.PartNumber, part]));
  const parts = await Promise.all(numbers.map(n => done.get(n) ?? send(n)));
  const completed = await json(`multipart/${id}/complete?key=${key}`, {
    method: 'POST', body: JSON.stringify({parts: parts.map(
      ({PartNumber, ETag}) => ({PartNumber, ETag}))})});
  const back = await fetch(completed.location);
  return {begun, there, parts, completed, size: (await back.arrayBuffer()).byteLength};
}
"""


def give(page, path):
    page.evaluate("text => { window.base64 = text }", base64.b64encode(path.read_bytes()).decode())


def test_a_paused_upload_in_parts_resumes_and_is_exported(shared, foreign_page, tmp_path):
    film = tmp_path / "film.mp4"
    conftest.ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=1280x720:r=25:d=4",
        "-vf",
        "noise=alls=30:allf=t",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-b:v",
        "30M",
        "-pix_fmt",
        "yuv420p",
        film,
    )
    size = film.stat().st_size
    assert size > 11 << 20
    give(foreign_page, film)

    result = foreign_page.evaluate(
        PLUGIN,
        {
            "companionUrl": f"{shared.api}/api/uppy",
            "type": "video/mp4",
            "name": "fìlm 1.mp4",
            "size": size,
            "stopAfter": 2,
        },
    )

    assert [part["PartNumber"] for part in result["there"]] == [1, 2]
    assert all(part["ETag"].startswith('"') for part in result["parts"])
    assert result["size"] == size
    asset = result["completed"]["assetId"]
    assert asset == result["begun"]["assetId"]
    assert result["begun"]["key"].endswith("/fìlm 1.mp4")
    done = shared.call("POST", "/api/upload/complete", {"assetId": asset})
    assert done.status == 200, done.body
    status = shared.wait(
        shared.start_export(
            {
                "timeline": {
                    "tracks": [
                        {"clips": [{"asset": {"type": "video", "assetId": asset}, "length": 1}]}
                    ]
                },
                "output": {"resolution": "sd", "preset": "ultrafast"},
            }
        )
    )
    assert status["state"] == "completed", status


def test_a_single_upload_by_params(shared, foreign_page, media):
    path = media / "a.mp4"
    give(foreign_page, path)
    result = foreign_page.evaluate(
        """async ({companionUrl, name}) => {
        const bytes = Uint8Array.from(atob(window.base64), c => c.charCodeAt(0));
        const query = new URLSearchParams({filename: name, type: 'video/mp4'});
        const params = await (await fetch(`${companionUrl}/s3/params?${query}`)).json();
        const put = await fetch(params.url, {
            method: params.method, headers: params.headers, body: bytes});
        return {params, status: put.status};
    }""",
        {"companionUrl": f"{shared.api}/api/uppy", "name": "one.mp4"},
    )
    assert result["status"] == 200
    asset = result["params"]["assetId"]
    done = shared.call("POST", "/api/upload/complete", {"assetId": asset})
    assert done.status == 200, done.body
    assert done.json()["metadata"]["size"] == path.stat().st_size


def test_an_aborted_upload_leaves_nothing(shared, foreign_page):
    statuses = foreign_page.evaluate(
        """async base => {
        const begun = await (await fetch(`${base}/s3/multipart`, {
            method: 'POST', headers: {'Content-Type': 'application/json'},
            body: JSON.stringify({filename: 'a.mp4', type: 'video/mp4'})})).json();
        const path = `${base}/s3/multipart/${encodeURIComponent(begun.uploadId)}`;
        const query = `?key=${encodeURIComponent(begun.key)}`;
        const signed = await (await fetch(`${path}/1${query}`)).json();
        const put = await fetch(signed.url, {method: 'PUT', body: 'x'.repeat(100)});
        const gone = await fetch(path + query, {method: 'DELETE'});
        const after = await fetch(path + query);
        return [put.status, gone.status, after.status];
    }""",
        f"{shared.api}/api/uppy",
    )
    assert statuses == [200, 200, 404]


def test_the_presigned_route_grants_as_init_does(shared):
    grant = shared.call(
        "POST",
        "/api/upload/presigned",
        {"filename": "a.mp4", "contentType": "video/mp4", "size": 7},
    )
    assert grant.status == 200
    assert grant.json()["method"] == "PUT" and grant.json()["uploadUrl"]


def test_a_form_is_posted_from_a_page(shared, foreign_page, media):
    path = media / "a.mp4"
    give(foreign_page, path)
    grant = shared.call(
        "POST",
        "/api/upload/init",
        {
            "filename": "form.mp4",
            "contentType": "video/mp4",
            "size": path.stat().st_size,
            "method": "POST",
        },
    )
    assert grant.status == 200, grant.body
    statuses = foreign_page.evaluate(
        """async grant => {
        const bytes = Uint8Array.from(atob(window.base64), c => c.charCodeAt(0));
        const post = async content => {
            const form = new FormData();
            for (const [name, value] of Object.entries(grant.fields)) form.append(name, value);
            form.append('file', new Blob([content], {type: 'video/mp4'}));
            return (await fetch(grant.uploadUrl, {method: 'POST', body: form})).status;
        };
        return [await post(bytes.slice(1)), await post(bytes)];
    }""",
        grant.json(),
    )
    assert statuses == [400, 204]
    done = shared.call("POST", "/api/upload/complete", {"assetId": grant.json()["assetId"]})
    assert done.status == 200, done.body
    assert done.json()["metadata"]["size"] == path.stat().st_size
