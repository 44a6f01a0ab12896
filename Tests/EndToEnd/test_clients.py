"""Real clients against the running emulator: boto3, the AWS CLI, spool."""

import json
import os
import subprocess

import conftest
from store_clients import aws, s3_client
from waiting import wait_until


def spool(shared, *arguments, check=True):
    return subprocess.run(
        [conftest.BIN / "spool", "--api", shared.api, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=check,
    )


def test_boto3_sees_upload_export_and_download(shared, media, assets, tmp_path):
    edit = conftest.single(assets["a"], 3, size={"width": 320, "height": 180})
    status = shared.wait(shared.start_export(edit))
    client = s3_client(shared)

    result = client.head_object(Bucket="spool", Key=f"exports/local/{status['jobId']}/output.mp4")
    assert result["ContentLength"] == status["size"]
    assert result["ContentType"] == "video/mp4"

    url = client.generate_presigned_url(
        "get_object",
        Params={"Bucket": "spool", "Key": f"exports/local/{status['jobId']}/output.mp4"},
    )
    mine = conftest.http("GET", url)
    theirs = conftest.http("GET", status["downloadUrl"])
    assert mine.status == theirs.status == 200
    assert mine.body == theirs.body


def test_boto3_puts_into_a_presigned_upload(shared, media):
    path = media / "a.mp4"
    grant = shared.call(
        "POST",
        "/api/upload/init",
        {
            "filename": "from boto.mp4",
            "contentType": "video/mp4",
            "size": path.stat().st_size,
        },
    ).json()
    assert (
        conftest.http("PUT", grant["uploadUrl"], path.read_bytes(), grant["headers"]).status == 200
    )
    listed = s3_client(shared).list_objects_v2(Bucket="spool", Prefix=grant["key"])

    assert [entry["Size"] for entry in listed["Contents"]] == [path.stat().st_size]
    asset = shared.call("POST", "/api/upload/complete", {"assetId": grant["assetId"]}).json()
    assert asset["status"] == "ready"
    assert asset["metadata"]["width"] == 320


def test_an_upload_in_parts(shared, media):
    """A file above 100 MiB is sent in presigned parts and read back unchanged."""
    client = s3_client(shared)
    size = 101 << 20
    grant = shared.call(
        "POST",
        "/api/upload/init",
        {"filename": "large.mp4", "contentType": "video/mp4", "size": size},
    ).json()
    assert grant["method"] == "MULTIPART"
    # A small film with a free box as padding at its end.
    film = (media / "a.mp4").read_bytes()
    rest = size - len(film)
    content = film + rest.to_bytes(4, "big") + b"free" + bytes(rest - 8)
    parts = []
    for part in grant["parts"]:
        start = (part["partNumber"] - 1) * grant["partSize"]
        put = conftest.http(
            "PUT",
            part["url"],
            content[start : start + grant["partSize"]],
            {"Content-Type": "application/octet-stream"},
        )
        assert put.status == 200, put.body
        parts.append({"partNumber": part["partNumber"], "etag": put.headers["ETag"]})
    done = shared.call(
        "POST", "/api/upload/complete", {"assetId": grant["assetId"], "parts": parts}
    )

    assert done.status == 200, done.body
    assert client.head_object(Bucket="spool", Key=grant["key"])["ContentLength"] == size


def test_the_aws_cli_lists_and_invokes(shared, assets, tmp_path):
    assert "uploads/" in aws(shared, "s3", "ls", "s3://spool/")
    answer = tmp_path / "answer.json"
    event = json.loads((conftest.ROOT / "events/sweep.schedule.json").read_text())
    report = aws(
        shared,
        "lambda",
        "invoke",
        "--function-name",
        "sweep",
        "--payload",
        json.dumps(event),
        str(answer),
        endpoint=shared.api,
    )

    assert json.loads(report)["StatusCode"] == 200
    assert "active" in json.loads(answer.read_text())


def test_spool_exports_to_a_file(shared, media, tmp_path):
    edit = tmp_path / "edit.json"
    edit.write_text(json.dumps(conftest.single("one", 2, size={"width": 320, "height": 180})))
    out = tmp_path / "out.mp4"
    spool(shared, "export", edit, "--asset", f"one={media / 'a.mp4'}", "-o", out)

    assert len(conftest.frame_hashes(out)) == 60


def test_spool_names_the_wrong_field(shared, tmp_path):
    edit = tmp_path / "edit.json"
    edit.write_text(json.dumps(conftest.single("unknown", 2)))
    failed = spool(shared, "export", edit, "-o", tmp_path / "out.mp4", check=False)

    assert failed.returncode != 0
    assert "/timeline/tracks/0/clips/0/asset/assetId" in failed.stderr


def test_spool_invokes_every_event(shared):
    """Each sample event gets a response from its function."""
    for path in sorted((conftest.ROOT / "events").glob("*.json")):
        function = path.name.split(".")[0]
        # A function at its concurrency answers 429 until an instance is free.
        answer = wait_until(
            f"an instance of {function}",
            lambda function=function, path=path: next(
                (
                    run
                    for run in [spool(shared, "invoke", function, "--event", path, check=False)]
                    if "(429)" not in run.stderr
                ),
                None,
            ),
        )
        # The first attempt at a unit of an unknown export fails; the second condemns it.
        if "The export has no plan" in answer.stdout:
            assert function in ("render-chunk", "stitch-export")
            continue
        assert answer.returncode == 0, (path.name, answer.stdout, answer.stderr)


def test_the_contract_of_a_bucket_on_any_endpoint(shared):
    """The bucket contract on a store at any address."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_")
    } | {
        "SPOOL_TEST_S3_URL": shared.s3,
        "SPOOL_BUCKET": "spool",
        "AWS_ACCESS_KEY_ID": "spool",
        "AWS_SECRET_ACCESS_KEY": "spool-secret",
    }
    done = subprocess.run(
        [conftest.ROOT / "scripts/swift-test", "--filter", "RealStoreTests"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3_000:]
    assert "2 tests" in done.stdout and "skipped" not in done.stdout
