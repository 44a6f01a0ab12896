"""Archives of finished exports, streamed piece by piece."""

import hashlib
import io
import json
import pathlib
import time
import urllib.request
import zipfile

import conftest
from store_clients import s3_client


def processes(handler):
    """Status texts of the running instances of one function."""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if f"_HANDLER={handler}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                yield (folder / "status").read_text()
        except OSError:
            continue


def test_the_archive_of_an_export_contains_its_file(shared, assets):
    edit = conftest.single(assets["a"], 2, size={"width": 320, "height": 180})
    status = shared.wait(shared.start_export(edit))

    answer = shared.call("GET", f"/api/export/{status['jobId']}/download-all")

    assert answer.status == 200, answer.body
    assert answer.headers["Content-Type"] == "application/zip"
    assert (
        answer.headers["Content-Disposition"]
        == 'attachment; filename="' + status["jobId"] + '.zip"'
    )
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    assert archive.testzip() is None
    assert archive.namelist() == [f"{status['jobId']}.mp4"]
    assert archive.infolist()[0].compress_type == zipfile.ZIP_STORED
    direct = conftest.http("GET", status["downloadUrl"]).body
    assert archive.read(archive.namelist()[0]) == direct
    mine = shared.call("GET", "/api/exports/download-all")
    assert f"{status['jobId']}.mp4" in zipfile.ZipFile(io.BytesIO(mine.body)).namelist()


def test_a_missing_export_is_a_problem_instead_of_an_archive(shared):
    missing = shared.call("GET", "/api/export/job_1795176000000_zzzzzzzzzzzzzzzzzzzz/download-all")
    assert missing.status == 404
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert missing.json()["error"] == "Job not found"


def test_a_large_archive_streams_in_constant_memory(shared, tmp_path):
    client, now = s3_client(shared), int(time.time() * 1000)
    job = f"job_{now}_" + "a" * 20
    folder = f"exports/local/{job}"
    piece = hashlib.sha512(b"x").digest() * 16384
    file, count = tmp_path / "large.bin", 180
    with open(file, "wb") as large:
        for _ in range(count):
            large.write(piece)
    client.upload_file(str(file), "spool", f"{folder}/output.mp4")
    info = client.head_object(Bucket="spool", Key=f"{folder}/output.mp4")
    client.put_object(
        Bucket="spool",
        Key=f"jobs/{job}.json",
        Body=json.dumps(
            {"version": 1, "owner": "local", "dialect": "spool", "createdAtMilliseconds": now}
        ),
    )
    client.put_object(
        Bucket="spool",
        Key=f"{folder}/result.json",
        Body=json.dumps(
            {
                "version": 1,
                "outcome": "completed",
                "finishedAtMilliseconds": now,
                "output": {
                    "key": f"{folder}/output.mp4",
                    "bytes": info["ContentLength"],
                    "etag": info["ETag"].strip('"'),
                    "contentType": "video/mp4",
                    "frames": 1,
                    "samples": 0,
                    "durationSeconds": 1,
                },
            }
        ),
    )

    target = tmp_path / "archive.zip"
    url = f"{shared.api}/api/export/{job}/download-all"
    with urllib.request.urlopen(url) as answer, open(target, "wb") as archive:
        while block := answer.read(1 << 20):
            archive.write(block)

    with zipfile.ZipFile(target) as archive, archive.open(f"{job}.mp4") as entry:
        assert sum(entry.read(1 << 20) == piece for _ in range(count)) == count
    peaks = [
        int(line.split()[1])
        for status in processes("download-all")
        for line in status.splitlines()
        if line.startswith("VmHWM:")
    ]
    assert peaks and max(peaks) < 100_000, f"{peaks} kB"
    client.delete_object(Bucket="spool", Key=f"{folder}/output.mp4")
