"""Behaviours of S3, as boto3 (its defaults), the AWS CLI and MinIO's client see it."""

import base64
import hashlib
import io
import os
import re
import zlib

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.client
import botocore.credentials
import botocore.exceptions
import minio
import pytest

import conftest
from store_clients import MIB, aws, body, refused, upload


def test_buckets(s3, bucket):
    assert bucket in [entry["Name"] for entry in s3.list_buckets()["Buckets"]]
    assert s3.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.create_bucket(Bucket=bucket)
    refused("404", 404, s3.head_bucket, Bucket="test-absent")
    refused("NoSuchBucket", 404, s3.list_objects_v2, Bucket="test-absent")
    refused("NoSuchBucket", 404, s3.put_object, Bucket="test-absent", Key="a", Body=b"a")


def test_a_full_bucket_stays(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    refused("BucketNotEmpty", 409, s3.delete_bucket, Bucket=bucket)


def test_an_object_keeps_its_headers(s3, bucket):
    headers = {
        "ContentType": "video/mp4",
        "CacheControl": "no-store",
        "ContentDisposition": "attachment",
        "ContentLanguage": "de",
        "ContentEncoding": "identity",
    }
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"film", Metadata={"who": "me"}, **headers)[
        "ETag"
    ]
    assert etag == f'"{hashlib.md5(b"film").hexdigest()}"'
    for answer in (s3.head_object(Bucket=bucket, Key="a"), s3.get_object(Bucket=bucket, Key="a")):
        assert {name: answer[name] for name in headers} == headers
        assert answer["Metadata"] == {"who": "me"}
        assert answer["ETag"] == etag and answer["ContentLength"] == 4


def test_a_missing_object(s3, bucket):
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="a")
    refused("404", 404, s3.head_object, Bucket=bucket, Key="a")
    assert s3.delete_object(Bucket=bucket, Key="a")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_ranges(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"0123456789")
    answer = s3.get_object(Bucket=bucket, Key="a", Range="bytes=2-4")
    assert answer["ContentRange"] == "bytes 2-4/10" and answer["Body"].read() == b"234"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert body(s3, bucket, "a", Range="bytes=7-") == b"789"
    assert body(s3, bucket, "a", Range="bytes=-2") == b"89"
    assert body(s3, bucket, "a", Range="bytes=8-99") == b"89"
    refused("InvalidRange", 416, s3.get_object, Bucket=bucket, Key="a", Range="bytes=10-")


def test_conditional_reads(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"a")["ETag"]
    assert body(s3, bucket, "a", IfMatch=etag) == b"a"
    assert body(s3, bucket, "a", IfNoneMatch='"other"') == b"a"
    refused("304", 304, s3.get_object, Bucket=bucket, Key="a", IfNoneMatch=etag)
    refused("PreconditionFailed", 412, s3.get_object, Bucket=bucket, Key="a", IfMatch='"other"')


def test_conditional_writes(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"1", IfNoneMatch="*")["ETag"]
    refused(
        "PreconditionFailed", 412, s3.put_object, Bucket=bucket, Key="a", Body=b"2", IfNoneMatch="*"
    )
    refused(
        "PreconditionFailed",
        412,
        s3.put_object,
        Bucket=bucket,
        Key="a",
        Body=b"2",
        IfMatch='"other"',
    )
    refused("NoSuchKey", 404, s3.put_object, Bucket=bucket, Key="b", Body=b"2", IfMatch=etag)
    s3.put_object(Bucket=bucket, Key="a", Body=b"3", IfMatch=etag)
    assert body(s3, bucket, "a") == b"3"


def test_overrides_of_the_answer(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"a", ContentType="video/mp4")
    answer = s3.get_object(
        Bucket=bucket,
        Key="a",
        ResponseContentType="text/plain",
        ResponseContentDisposition="inline",
        ResponseCacheControl="max-age=1",
    )
    assert answer["ContentType"] == "text/plain"
    assert answer["ContentDisposition"] == "inline" and answer["CacheControl"] == "max-age=1"


@pytest.mark.parametrize(
    "key",
    [
        "../../etc/passwd",
        "/leading",
        "a//b",
        "a",
        "a/",
        "a/b",
        "A",
        "ä ö+%41&=?#.mp4",
        "日本/🎬",
        "x" * 1024,
        ".",
        "..",
        "a\tb",
        "<&>",
    ],
)
def test_any_key(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert body(s3, bucket, key) == key.encode()
    assert [e["Key"] for e in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_key_too_long(s3, bucket):
    refused("KeyTooLongError", 400, s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"a")


def test_listing(s3, bucket):
    for key in ("b", "a/2", "a/1", "c/1", "ä", "Z"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"a")
    keys = [e["Key"] for e in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == sorted(keys, key=str.encode) and len(keys) == 6
    grouped = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [e["Prefix"] for e in grouped["CommonPrefixes"]] == ["a/", "c/"]
    assert [e["Key"] for e in grouped["Contents"]] == ["Z", "b", "ä"]
    for call in ("list_objects", "list_objects_v2"):
        pages = list(
            s3.get_paginator(call).paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
        )
        assert [e["Key"] for page in pages for e in page["Contents"]] == keys
        assert len(pages) == 3
    assert s3.list_objects_v2(Bucket=bucket, Prefix="a/")["KeyCount"] == 2
    after = s3.list_objects_v2(Bucket=bucket, StartAfter="a/1", MaxKeys=1)
    assert [e["Key"] for e in after["Contents"]] == ["a/2"] and after["IsTruncated"]
    assert s3.list_objects_v2(Bucket=bucket, MaxKeys=0)["KeyCount"] == 0


def test_many_are_deleted_at_once(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"a")
    named = {"Objects": [{"Key": "a"}, {"Key": "missing"}]}
    answer = s3.delete_objects(Bucket=bucket, Delete=named)
    assert sorted(e["Key"] for e in answer["Deleted"]) == ["a", "missing"]
    assert "Deleted" not in s3.delete_objects(Bucket=bucket, Delete=named | {"Quiet": True})
    refused(
        "MalformedXML",
        400,
        s3.delete_objects,
        Bucket=bucket,
        Delete={"Objects": [{"Key": str(n)} for n in range(1001)]},
    )


def test_copies(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="a", Body=b"a", Metadata={"who": "me"})["ETag"]
    source = {"Bucket": bucket, "Key": "a"}
    s3.copy_object(Bucket=bucket, Key="b +%", CopySource=source)
    assert s3.head_object(Bucket=bucket, Key="b +%")["Metadata"] == {"who": "me"}
    s3.copy_object(
        Bucket=bucket,
        Key="c",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"who": "you"},
    )
    assert s3.head_object(Bucket=bucket, Key="c")["Metadata"] == {"who": "you"}
    refused(
        "PreconditionFailed",
        412,
        s3.copy_object,
        Bucket=bucket,
        Key="d",
        CopySource=source,
        CopySourceIfNoneMatch=etag,
    )
    refused(
        "NoSuchKey",
        404,
        s3.copy_object,
        Bucket=bucket,
        Key="d",
        CopySource={"Bucket": bucket, "Key": "missing"},
    )


def test_checksums(s3, bucket):
    crc = base64.b64encode(zlib.crc32(b"film").to_bytes(4, "big")).decode()
    put = s3.put_object(Bucket=bucket, Key="a", Body=b"film", ChecksumAlgorithm="CRC32")
    assert put["ChecksumCRC32"] == crc
    head = s3.head_object(Bucket=bucket, Key="a", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32"] == crc
    refused(
        "BadDigest", 400, s3.put_object, Bucket=bucket, Key="b", Body=b"else", ChecksumCRC32=crc
    )
    refused(
        "BadDigest",
        400,
        s3.put_object,
        Bucket=bucket,
        Key="b",
        Body=b"else",
        ContentMD5=base64.b64encode(hashlib.md5(b"film").digest()).decode(),
    )
    refused("404", 404, s3.head_object, Bucket=bucket, Key="b")


def test_parts_become_one_object(s3, bucket):
    which, parts, whole = upload(s3, bucket, "a", 5 * MIB, 5 * MIB, 7)
    refused("404", 404, s3.head_object, Bucket=bucket, Key="a")
    assert [u["UploadId"] for u in s3.list_multipart_uploads(Bucket=bucket)["Uploads"]] == [
        which["UploadId"]
    ]
    page = s3.list_parts(**which, MaxParts=2)
    assert [p["PartNumber"] for p in page["Parts"]] == [1, 2] and page["IsTruncated"]
    done = s3.complete_multipart_upload(**which, MultipartUpload={"Parts": parts})
    digests = b"".join(bytes.fromhex(p["ETag"].strip('"')) for p in parts)
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-3"'
    assert body(s3, bucket, "a") == whole
    assert body(s3, bucket, "a", PartNumber=3) == whole[-7:]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)


def test_parts_that_do_not_fit(s3, bucket):
    which, parts, _ = upload(s3, bucket, "a", 7, 7)
    complete = s3.complete_multipart_upload
    refused("EntityTooSmall", 400, complete, **which, MultipartUpload={"Parts": parts})
    refused("InvalidPartOrder", 400, complete, **which, MultipartUpload={"Parts": parts[::-1]})
    wrong = [parts[0] | {"ETag": parts[1]["ETag"]}]
    refused("InvalidPart", 400, complete, **which, MultipartUpload={"Parts": wrong})
    s3.abort_multipart_upload(**which)
    refused("NoSuchUpload", 404, s3.list_parts, **which)


def test_a_wrong_secret_and_a_wrong_key(shared):
    for key, secret, code in (
        ("spool", "other", "SignatureDoesNotMatch"),
        ("unknown", "spool-secret", "InvalidAccessKeyId"),
    ):
        client = boto3.client(
            "s3",
            endpoint_url=shared.s3,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
        )
        refused(code, 403, client.list_buckets)
    assert conftest.http("GET", shared.s3 + "/spool/a").status == 403


def test_presigned_requests(shared, s3, bucket):
    named = {"Bucket": bucket, "Key": "a b"}
    url = s3.generate_presigned_url("put_object", Params=named)
    assert conftest.http("PUT", url, b"film", {"Content-Type": ""}).status == 200
    url = s3.generate_presigned_url("get_object", Params=named)
    assert conftest.http("GET", url).body == b"film"
    assert conftest.http("GET", url + "0").status == 403
    signer = boto3.client(
        "s3",
        endpoint_url=shared.s3,
        aws_access_key_id="spool",
        aws_secret_access_key="spool-secret",
        region_name="us-east-1",
        config=botocore.client.Config(signature_version="s3v4"),
    )
    newer = signer.generate_presigned_url("get_object", Params=named, ExpiresIn=60)
    assert "X-Amz-Expires=60&" in newer
    assert conftest.http("GET", newer).body == b"film"
    longer = newer.replace("X-Amz-Expires=60&", "X-Amz-Expires=61&")
    assert conftest.http("GET", longer).status == 403


def form(fields, content):
    lines = [
        f'--x\r\nContent-Disposition: form-data; name="{n}"\r\n\r\n{v}\r\n'
        for n, v in fields.items()
    ]
    head = (
        "".join(lines) + '--x\r\nContent-Disposition: form-data; name="file"; '
        'filename="f.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
    )
    return head.encode() + content + b"\r\n--x--\r\n"


@pytest.mark.parametrize(
    ("size", "status", "code"),
    [(5, 204, None), (1, 400, "EntityTooSmall"), (11, 400, "EntityTooLarge")],
)
def test_a_form_with_a_range_of_sizes(s3, bucket, size, status, code):
    post = s3.generate_presigned_post(bucket, "a", Conditions=[["content-length-range", 2, 10]])
    answer = conftest.http(
        "POST",
        post["url"],
        form(post["fields"], b"a" * size),
        {"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status == status
    assert code is None or f"<Code>{code}</Code>".encode() in answer.body
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == (1 if code is None else 0)


def test_the_cli_copies_syncs_and_removes(shared, bucket, tmp_path):
    large = tmp_path / "from/large"
    large.parent.mkdir()
    large.write_bytes(os.urandom(9 * MIB))
    (large.parent / "small ä").write_bytes(b"small")
    aws(shared, "s3", "sync", str(large.parent), f"s3://{bucket}/folder")
    aws(shared, "s3", "cp", f"s3://{bucket}/folder/large", f"s3://{bucket}/copy")
    aws(shared, "s3", "cp", f"s3://{bucket}/copy", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == large.read_bytes()
    aws(shared, "s3", "mv", f"s3://{bucket}/copy", f"s3://{bucket}/moved")
    assert "moved" in aws(shared, "s3", "ls", f"s3://{bucket}/")
    aws(shared, "s3", "rm", "--recursive", f"s3://{bucket}/")
    assert aws(shared, "s3", "ls", f"s3://{bucket}/") == ""


def test_minio_puts_reads_lists_and_removes(shared, bucket):
    client = minio.Minio(
        shared.s3.removeprefix("http://"),
        access_key="spool",
        secret_key="spool-secret",
        secure=False,
    )
    content = os.urandom(6 * MIB)
    client.put_object(bucket, "large", io.BytesIO(content), -1, part_size=5 * MIB)
    client.put_object(bucket, "folder/small", io.BytesIO(b"small"), 5)
    assert client.bucket_exists(bucket)
    assert client.get_object(bucket, "large").data == content
    assert client.get_object(bucket, "large", offset=9, length=9).data == content[9:18]
    assert client.stat_object(bucket, "large").size == len(content)
    names = [entry.object_name for entry in client.list_objects(bucket, recursive=True)]
    assert names == ["folder/small", "large"]
    client.remove_object(bucket, "large")
    with pytest.raises(minio.error.S3Error) as caught:
        client.stat_object(bucket, "large")
    assert caught.value.code == "NoSuchKey"


def test_the_page_names_every_test():
    """docs/s3-behaviours.md lists the tests of this file and of three others."""
    others = "".join(
        (conftest.ROOT / f"Tests/EndToEnd/test_store_{name}.py").read_text()
        for name in ["configuration", "tools", "integrity"]
    )
    page = (conftest.ROOT / "docs/s3-behaviours.md").read_text()
    rows = re.findall(
        r"^\| (.+) \| (boto3|AWS CLI|MinIO|HTTP|rclone|s3cmd|Chromium) \| `(test_\w+)` \|$",
        page,
        re.M,
    )
    mine = {name for name in globals() if name.startswith("test_")}
    mine.remove("test_the_page_names_every_test")
    mine |= set(re.findall(r"^def (test_\w+)", others, re.M))
    assert {test for _, _, test in rows} == mine
    assert len({behaviour for behaviour, _, _ in rows}) == len(rows) >= 60


@pytest.mark.parametrize("name", ["x-amz-meta-user", "X-Amz-Meta-User", "x-amz-meta-two-words"])
def test_metadata_in_the_query_of_a_presigned_put_is_kept(shared, s3, bucket, name):
    request = botocore.awsrequest.AWSRequest(
        method="PUT", url=f"{shared.s3}/{bucket}/k", params={name: "jo & co"}
    )
    credentials = botocore.credentials.Credentials("spool", "spool-secret")
    botocore.auth.S3SigV4QueryAuth(credentials, "s3", "us-east-1", 60).add_auth(request)

    answer = conftest.http("PUT", request.url, b"body")

    assert answer.status == 200, answer.body
    kept = {name.lower().removeprefix("x-amz-meta-"): "jo & co"}
    assert s3.head_object(Bucket=bucket, Key="k")["Metadata"] == kept
