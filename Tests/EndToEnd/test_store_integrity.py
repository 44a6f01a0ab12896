"""Checksums, attributes, versions and notifications, as boto3 and the AWS CLI see them."""

import base64
import hashlib
import json
import os
import uuid
import zlib

import pytest

import conftest
from store_clients import MIB, aws, body, refused, s3_client
from waiting import wait_until


def b64(number, size=4):
    return base64.b64encode(number.to_bytes(size, "big")).decode()


def in_parts(s3, bucket, key, contents, **algorithm):
    begun = s3.create_multipart_upload(Bucket=bucket, Key=key, **algorithm)
    parts = []
    for number, content in enumerate(contents, 1):
        sent = s3.upload_part(
            Bucket=bucket,
            Key=key,
            UploadId=begun["UploadId"],
            PartNumber=number,
            Body=content,
            **{name: value for name, value in algorithm.items() if name == "ChecksumAlgorithm"},
        )
        parts.append(
            {"PartNumber": number, "ETag": sent["ETag"]}
            | {
                name: value
                for name, value in sent.items()
                if name.startswith("Checksum") and name != "ChecksumType"
            }
        )
    return begun, parts


def test_every_object_has_a_checksum(s3, bucket):
    url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "plain"})
    assert conftest.http("PUT", url, b"123456789", {"Content-Type": ""}).status == 200
    head = s3.head_object(Bucket=bucket, Key="plain", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == "rosUhgp5mIg="
    assert head["ChecksumType"] == "FULL_OBJECT"
    s3.put_object(Bucket=bucket, Key="checked", Body=b"123456789", ChecksumAlgorithm="SHA256")
    head = s3.head_object(Bucket=bucket, Key="checked", ChecksumMode="ENABLED")
    assert (
        head["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(b"123456789").digest()).decode()
    )
    assert "ChecksumCRC64NVME" not in head


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_a_composite_checksum_is_of_the_parts(s3, bucket, algorithm):
    contents = [os.urandom(5 * MIB), b"tail"]
    begun, parts = in_parts(s3, bucket, "c", contents, ChecksumAlgorithm=algorithm)
    assert begun["ChecksumAlgorithm"] == algorithm
    done = s3.complete_multipart_upload(
        Bucket=bucket, Key="c", UploadId=begun["UploadId"], MultipartUpload={"Parts": parts}
    )
    head = s3.head_object(Bucket=bucket, Key="c", ChecksumMode="ENABLED")
    value = head[f"Checksum{algorithm}"]
    assert head["ChecksumType"] == "COMPOSITE" and value.endswith("-2")
    assert done[f"Checksum{algorithm}"] == value
    joined = b"".join(base64.b64decode(part[f"Checksum{algorithm}"]) for part in parts)
    if algorithm == "CRC32":
        assert value == f"{b64(zlib.crc32(joined))}-2"
    if algorithm.startswith("SHA"):
        digest = hashlib.new(algorithm.lower(), joined).digest()
        assert value == f"{base64.b64encode(digest).decode()}-2"
    assert body(s3, bucket, "c") == b"".join(contents)


def test_a_crc32c_that_the_client_computed(s3, bucket):
    """boto3 computes it with an extra library only; the value is the catalogue's check value."""
    s3.put_object(Bucket=bucket, Key="p", Body=b"123456789", ChecksumCRC32C="4waSgw==")
    refused(
        "BadDigest",
        400,
        s3.put_object,
        Bucket=bucket,
        Key="p",
        Body=b"123456780",
        ChecksumCRC32C="4waSgw==",
    )
    head = s3.head_object(Bucket=bucket, Key="p", ChecksumMode="ENABLED")
    assert head["ChecksumCRC32C"] == "4waSgw==" and head["ChecksumType"] == "FULL_OBJECT"
    upload = s3.create_multipart_upload(Bucket=bucket, Key="m", ChecksumAlgorithm="CRC32C")[
        "UploadId"
    ]
    part = s3.upload_part(
        Bucket=bucket,
        Key="m",
        UploadId=upload,
        PartNumber=1,
        Body=b"123456789",
        ChecksumCRC32C="4waSgw==",
    )
    assert part["ChecksumCRC32C"] == "4waSgw=="
    done = s3.complete_multipart_upload(
        Bucket=bucket,
        Key="m",
        UploadId=upload,
        MultipartUpload={
            "Parts": [{"PartNumber": 1, "ETag": part["ETag"], "ChecksumCRC32C": "4waSgw=="}]
        },
    )
    assert done["ChecksumCRC32C"].endswith("-1") and done["ChecksumType"] == "COMPOSITE"


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC64NVME"])
def test_a_full_object_checksum_is_of_the_bytes(s3, bucket, algorithm):
    contents = [os.urandom(5 * MIB), os.urandom(5 * MIB + 1), b"tail"]
    begun, parts = (
        in_parts(s3, bucket, "f", contents, ChecksumAlgorithm="CRC32", ChecksumType="FULL_OBJECT")
        if algorithm == "CRC32"
        else in_parts(s3, bucket, "f", contents)
    )
    whole = b64(zlib.crc32(b"".join(contents)))
    finish = {
        "Bucket": bucket,
        "Key": "f",
        "UploadId": begun["UploadId"],
        "MultipartUpload": {"Parts": parts},
    }
    if algorithm == "CRC32":
        refused(
            "BadDigest",
            400,
            s3.complete_multipart_upload,
            ChecksumCRC32=b64(1),
            ChecksumType="FULL_OBJECT",
            **finish,
        )
        refused("InvalidRequest", 400, s3.complete_multipart_upload, MpuObjectSize=5, **finish)
        s3.complete_multipart_upload(
            ChecksumCRC32=whole, ChecksumType="FULL_OBJECT", MpuObjectSize=10 * MIB + 5, **finish
        )
    else:
        s3.complete_multipart_upload(**finish)
    head = s3.head_object(Bucket=bucket, Key="f", ChecksumMode="ENABLED")
    assert head["ChecksumType"] == "FULL_OBJECT"
    if algorithm == "CRC32":
        assert head["ChecksumCRC32"] == whole
    else:
        assert head["ChecksumCRC64NVME"]


def test_wrong_checksums_of_parts_are_refused(s3, bucket):
    refused(
        "InvalidRequest",
        400,
        s3.create_multipart_upload,
        Bucket=bucket,
        Key="w",
        ChecksumAlgorithm="SHA256",
        ChecksumType="FULL_OBJECT",
    )
    begun, parts = in_parts(s3, bucket, "w", [b"only"], ChecksumAlgorithm="SHA256")
    url = s3.generate_presigned_url(
        "upload_part",
        Params={"Bucket": bucket, "Key": "w", "UploadId": begun["UploadId"], "PartNumber": 2},
    )
    # A part without the checksum that was announced.
    answer = conftest.http("PUT", url, b"x", {"Content-Type": ""})
    assert answer.status == 400 and b"Checksum Type mismatch" in answer.body
    wrong = [parts[0] | {"ChecksumSHA256": base64.b64encode(bytes(32)).decode()}]
    refused(
        "InvalidPart",
        400,
        s3.complete_multipart_upload,
        Bucket=bucket,
        Key="w",
        UploadId=begun["UploadId"],
        MultipartUpload={"Parts": wrong},
    )
    s3.abort_multipart_upload(Bucket=bucket, Key="w", UploadId=begun["UploadId"])


def test_a_completion_keeps_its_condition(s3, bucket):
    first = s3.put_object(Bucket=bucket, Key="a", Body=b"first")["ETag"]
    begun, parts = in_parts(s3, bucket, "a", [b"second"])
    finish = {
        "Bucket": bucket,
        "Key": "a",
        "UploadId": begun["UploadId"],
        "MultipartUpload": {"Parts": parts},
    }
    refused("PreconditionFailed", 412, s3.complete_multipart_upload, IfNoneMatch="*", **finish)
    refused("PreconditionFailed", 412, s3.complete_multipart_upload, IfMatch='"no"', **finish)
    assert body(s3, bucket, "a") == b"first"
    s3.complete_multipart_upload(IfMatch=first, **finish)
    assert body(s3, bucket, "a") == b"second"


def test_attributes_of_an_object(s3, bucket):
    begun, parts = in_parts(s3, bucket, "a", [bytes(5 * MIB), b"x"])
    s3.complete_multipart_upload(
        Bucket=bucket, Key="a", UploadId=begun["UploadId"], MultipartUpload={"Parts": parts}
    )
    wanted = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    found = s3.get_object_attributes(Bucket=bucket, Key="a", ObjectAttributes=wanted)
    assert found["ETag"].endswith("-2") and '"' not in found["ETag"]
    assert found["ObjectSize"] == 5 * MIB + 1
    assert found["ObjectParts"]["TotalPartsCount"] == 2
    assert found["StorageClass"] == "STANDARD" and found["Checksum"]["ChecksumCRC64NVME"]
    refused(
        "NoSuchKey",
        404,
        s3.get_object_attributes,
        Bucket=bucket,
        Key="none",
        ObjectAttributes=["ETag"],
    )


def test_each_object_is_its_only_version(s3, bucket):
    for key in ["a/1", "a/2", "b", "c d"]:
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    listed = [
        version
        for page in s3.get_paginator("list_object_versions").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": 2}
        )
        for version in page["Versions"]
    ]
    assert [version["Key"] for version in listed] == ["a/1", "a/2", "b", "c d"]
    assert {(version["VersionId"], version["IsLatest"]) for version in listed} == {("null", True)}
    page = s3.list_object_versions(Bucket=bucket, Delimiter="/")
    assert [entry["Prefix"] for entry in page["CommonPrefixes"]] == ["a/"]
    assert body(s3, bucket, "b", VersionId="null") == b"x"
    refused("NoSuchVersion", 404, s3.get_object, Bucket=bucket, Key="b", VersionId="other")
    s3.delete_object(Bucket=bucket, Key="b", VersionId="null")
    refused("NoSuchKey", 404, s3.get_object, Bucket=bucket, Key="b")


def test_a_bucket_is_emptied_by_the_cli(shared, s3):
    name = f"test-{uuid.uuid4()}"
    s3.create_bucket(Bucket=name)
    for number in range(3):
        s3.put_object(Bucket=name, Key=f"k{number}", Body=b"x")
    aws(shared, "s3", "rb", f"s3://{name}", "--force")
    refused("404", 404, s3.head_bucket, Bucket=name)


def test_a_bucket_notifies_functions(tmp_path):
    catalog = {
        "version": 1,
        "functions": [
            {
                "name": "echo",
                "handler": "echo",
                "timeoutSeconds": 5,
                "memoryMegabytes": 128,
                "reservedConcurrency": 2,
            }
        ],
    }
    functions = tmp_path / "functions.json"
    functions.write_text(json.dumps(catalog))
    record = tmp_path / "record"
    running = conftest.Emulator(
        tmp_path / "data",
        functions=functions,
        arguments=["--record", record],
        bootstrap=conftest.BIN / "echo-function",
    ).start()
    store = s3_client(running)
    store.create_bucket(Bucket="other")
    assert "LambdaFunctionConfigurations" not in store.get_bucket_notification_configuration(
        Bucket="other"
    )
    rule = {
        "Id": "mine",
        "LambdaFunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:echo",
        "Events": ["s3:ObjectCreated:*"],
        "Filter": {
            "Key": {
                "FilterRules": [
                    {"Name": "prefix", "Value": "in/"},
                    {"Name": "suffix", "Value": ".json"},
                ]
            }
        },
    }
    put = store.put_bucket_notification_configuration
    for bad in [rule | {"Events": ["s3:Nothing"]}, rule | {"LambdaFunctionArn": "echo"}]:
        refused(
            "InvalidArgument",
            400,
            put,
            Bucket="other",
            NotificationConfiguration={"LambdaFunctionConfigurations": [bad]},
        )
    refused(
        "InvalidArgument",
        400,
        put,
        Bucket="other",
        NotificationConfiguration={"LambdaFunctionConfigurations": [rule, rule | {"Id": "too"}]},
    )
    put(Bucket="other", NotificationConfiguration={"LambdaFunctionConfigurations": [rule]})
    found = store.get_bucket_notification_configuration(Bucket="other")
    assert found["LambdaFunctionConfigurations"] == [rule]

    for key in ["in/a b.json", "in/no.txt", "out/a.json"]:
        store.put_object(Bucket="other", Key=key, Body=b"{}")
    store.put_object(Bucket="spool", Key="in/c.json", Body=b"{}")

    def events():
        return [
            path.read_text() for path in record.rglob("*.json") if "a+b.json" in path.read_text()
        ]

    wait_until("the recorded event", events)
    assert any('"configurationId":"mine"' in text.replace('": "', '":"') for text in events())
    everything = "".join(path.read_text() for path in record.rglob("*.json"))
    assert "in/c.json" not in everything and "no.txt" not in everything
    put(Bucket="other", NotificationConfiguration={})
    assert "LambdaFunctionConfigurations" not in store.get_bucket_notification_configuration(
        Bucket="other"
    )
    assert running.stop() == 0
