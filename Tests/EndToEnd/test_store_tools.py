"""The store as rclone, s3cmd and a browser of another origin see it."""

import os
import pathlib
import subprocess
import sys
import uuid

import pytest

import conftest

S3CMD = pathlib.Path(sys.executable).with_name("s3cmd")
MIB = 1 << 20


@pytest.fixture
def tree(tmp_path):
    """Unusual names, an empty file, and one that is uploaded in parts."""
    root = tmp_path / "tree"
    files = {
        "a.txt": b"a",
        "empty": b"",
        "with space/ünï côde.txt": b"u",
        "plus+and&more=/100%.bin": os.urandom(1_000),
        "deep/er/and/er/x": b"x",
        "large.bin": os.urandom(12 * MIB + 7),
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def files(root):
    return {
        str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


# rclone


@pytest.fixture
def rclone(shared, tmp_path):
    own = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = own | {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_CONFIG_SPOOL_TYPE": "s3",
        "RCLONE_CONFIG_SPOOL_PROVIDER": "Other",
        "RCLONE_CONFIG_SPOOL_ENDPOINT": shared.s3,
        "RCLONE_CONFIG_SPOOL_REGION": "us-east-1",
        "RCLONE_CONFIG_SPOOL_ACCESS_KEY_ID": "spool",
        "RCLONE_CONFIG_SPOOL_SECRET_ACCESS_KEY": "spool-secret",
        "RCLONE_S3_UPLOAD_CUTOFF": "5M",
        "RCLONE_S3_CHUNK_SIZE": "5M",
        "RCLONE_RETRIES": "1",
    }

    def run(*arguments):
        return subprocess.run(
            ["rclone", *map(str, arguments)],
            env=environment,
            check=True,
            text=True,
            capture_output=True,
            timeout=120,
        ).stdout

    return run


def test_rclone_copies_a_tree_both_ways(rclone, bucket, tree, tmp_path):
    rclone("copy", tree, f"spool:{bucket}/there")
    rclone("check", "--download", tree, f"spool:{bucket}/there")
    rclone("copy", f"spool:{bucket}/there", tmp_path / "back")
    assert files(tmp_path / "back") == files(tree)
    listed = rclone("lsf", "-R", "--files-only", f"spool:{bucket}/there").splitlines()
    assert sorted(listed) == sorted(files(tree))


def test_rclone_syncs_moves_and_deletes(rclone, bucket, tree, tmp_path):
    rclone("sync", tree, f"spool:{bucket}")
    (tree / "a.txt").unlink()
    (tree / "empty").write_bytes(b"not any more")
    rclone("sync", tree, f"spool:{bucket}")
    rclone("check", tree, f"spool:{bucket}")
    rclone("moveto", f"spool:{bucket}/large.bin", f"spool:{bucket}/moved ü.bin")
    names = rclone("lsf", f"spool:{bucket}").splitlines()
    assert "moved ü.bin" in names and "large.bin" not in names and "a.txt" not in names
    assert rclone("cat", f"spool:{bucket}/empty", "--offset", "4", "--count", "3") == "any"
    rclone("delete", f"spool:{bucket}")
    assert rclone("lsf", "-R", "--files-only", f"spool:{bucket}") == ""


def test_rclone_makes_and_purges_a_bucket(rclone, tree):
    name = f"rclone-{uuid.uuid4()}"
    rclone("mkdir", f"spool:{name}")
    assert f"{name}/" in rclone("lsf", "spool:").splitlines()
    rclone("copy", tree / "with space", f"spool:{name}/x")
    rclone("purge", f"spool:{name}")
    assert f"{name}/" not in rclone("lsf", "spool:").splitlines()


# s3cmd


@pytest.fixture
def s3cmd(shared, tmp_path):
    host = shared.s3.removeprefix("http://")
    (tmp_path / "s3cfg").write_text(
        "[default]\naccess_key = spool\nsecret_key = spool-secret\nuse_https = False\n"
        f"host_base = {host}\nhost_bucket = {host}\nbucket_location = us-east-1\n"
        "multipart_chunk_size_mb = 5\n"
    )

    def run(*arguments):
        return subprocess.run(
            [S3CMD, "-c", tmp_path / "s3cfg", "--no-progress", *map(str, arguments)],
            check=True,
            text=True,
            capture_output=True,
            timeout=120,
        ).stdout

    return run


def test_s3cmd_puts_gets_copies_and_deletes(s3cmd, bucket, tree, tmp_path):
    url = f"s3://{bucket}"
    s3cmd("put", tree / "large.bin", f"{url}/large.bin")
    s3cmd(
        "put",
        "--mime-type",
        "text/x-test",
        "--add-header",
        "x-amz-meta-color:blue",
        tree / "a.txt",
        f"{url}/sub/a ü.txt",
    )
    s3cmd("get", f"{url}/large.bin", tmp_path / "large.bin")
    assert (tmp_path / "large.bin").read_bytes() == (tree / "large.bin").read_bytes()
    about = s3cmd("info", f"{url}/sub/a ü.txt")
    assert "text/x-test" in about and "blue" in about
    s3cmd("cp", f"{url}/large.bin", f"{url}/copy.bin")
    s3cmd("mv", f"{url}/copy.bin", f"{url}/sub/moved.bin")
    listed = s3cmd("ls", "--recursive", url)
    assert listed.count("s3://") == 3 and f"{url}/sub/moved.bin" in listed
    assert "DIR" in s3cmd("ls", url)
    s3cmd("del", "--recursive", "--force", url)
    assert s3cmd("ls", "--recursive", url) == ""


def test_s3cmd_syncs_a_tree(s3cmd, bucket, tree, tmp_path):
    s3cmd("sync", f"{tree}/", f"s3://{bucket}/t/")
    back = tmp_path / "back"
    back.mkdir()
    s3cmd("sync", f"s3://{bucket}/t/", f"{back}/")
    assert files(back) == files(tree)
    (tree / "a.txt").unlink()
    s3cmd("sync", "--delete-removed", f"{tree}/", f"s3://{bucket}/t/")
    assert "a.txt" not in s3cmd("ls", f"s3://{bucket}/t/")


def test_s3cmd_signs_a_url_and_makes_buckets(s3cmd, bucket, tree):
    s3cmd("put", tree / "a.txt", f"s3://{bucket}/a.txt")
    signed = s3cmd("signurl", f"s3://{bucket}/a.txt", "+600").strip()
    name = f"s3cmd-{uuid.uuid4()}"
    s3cmd("mb", f"s3://{name}")
    assert f"s3://{name}" in s3cmd("ls")
    s3cmd("rb", f"s3://{name}")
    assert f"s3://{name}" not in s3cmd("ls")
    assert conftest.http("GET", signed).body == b"a"


# A browser


def test_a_browser_puts_by_a_presigned_url(s3, bucket, foreign_page):
    url = s3.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": "ü.txt", "ContentType": "text/plain"}
    )
    answer = foreign_page.evaluate(
        """async url => {
        const put = await fetch(url, {
            method: 'PUT', headers: {'Content-Type': 'text/plain'}, body: 'hello'});
        return [put.status, put.headers.get('ETag')];
    }""",
        url,
    )
    assert answer == [200, '"5d41402abc4b2a76b9719d911017c592"']
    got = foreign_page.evaluate(
        """async url => {
        const answer = await fetch(url, {headers: {Range: 'bytes=1-3'}});
        return [answer.status, answer.headers.get('Content-Range'), await answer.text()];
    }""",
        s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "ü.txt"}),
    )
    assert got == [206, "bytes 1-3/5", "ell"]


def test_a_browser_heeds_the_buckets_own_cors_rules(s3, bucket, foreign_page):
    s3.put_object(Bucket=bucket, Key="a", Body=b"hello")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a"})
    read = """url => fetch(url, {cache: 'no-store'}).then(
        async answer => [await answer.text(), answer.headers.get('ETag') !== null],
        error => error.name)"""

    def allow(origin, exposed):
        s3.put_bucket_cors(
            Bucket=bucket,
            CORSConfiguration={
                "CORSRules": [
                    {
                        "AllowedOrigins": [origin],
                        "AllowedMethods": ["GET"],
                        "ExposeHeaders": exposed,
                    }
                ]
            },
        )

    assert foreign_page.evaluate(read, url) == ["hello", True]
    allow("https://elsewhere.example.com", ["ETag"])
    assert foreign_page.evaluate(read, url) == "TypeError"
    allow(foreign_page.evaluate("origin"), [])
    assert foreign_page.evaluate(read, url) == ["hello", False]
    allow("http://127.0.0.1:*", ["ETag"])
    assert foreign_page.evaluate(read, url) == ["hello", True]


def test_a_browser_posts_a_form(s3, bucket, foreign_page):
    grant = s3.generate_presigned_post(
        bucket,
        "in/${filename}",
        Fields={"Content-Type": "text/plain"},
        Conditions=[
            ["starts-with", "$key", "in/"],
            {"Content-Type": "text/plain"},
            ["content-length-range", 1, 10],
        ],
    )
    send = """async ({url, fields}, text) => {
        const form = new FormData();
        for (const [name, value] of Object.entries(fields)) form.append(name, value);
        form.append('file', new File([text], 'a b.txt'));
        const answer = await fetch(url, {method: 'POST', body: form});
        return [answer.status, await answer.text()];
    }"""
    send = f"([grant, text]) => ({send})(grant, text)"
    assert foreign_page.evaluate(send, [grant, "hello"])[0] == 204
    assert s3.get_object(Bucket=bucket, Key="in/a b.txt")["Body"].read() == b"hello"
    status, text = foreign_page.evaluate(send, [grant, "more than ten"])
    assert status == 400 and "EntityTooLarge" in text
    assert s3.get_object(Bucket=bucket, Key="in/a b.txt")["Body"].read() == b"hello"
