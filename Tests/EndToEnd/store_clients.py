"""Clients of the emulator's store: boto3 and the AWS CLI."""

import os
import subprocess
import sys

import boto3
import botocore.client
import botocore.exceptions
import pytest

MIB = 1 << 20
AWS = {
    "AWS_ACCESS_KEY_ID": "spool",
    "AWS_SECRET_ACCESS_KEY": "spool-secret",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def s3_client(emulator, **config):
    """boto3 on the emulator's store. Its requests are not retried."""
    return boto3.client(
        "s3",
        endpoint_url=emulator.s3,
        **emulator.keys,
        region_name="us-east-1",
        config=botocore.client.Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"max_attempts": 1},
            **config,
        ),
    )


def aws(shared, *arguments, endpoint=None):
    return subprocess.run(
        [
            os.path.join(os.path.dirname(sys.executable), "aws"),
            "--endpoint-url",
            endpoint or shared.s3,
            *arguments,
        ],
        env={**os.environ, **AWS},
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def refused(code, status, call, **arguments):
    """The call fails with S3's code and status."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    assert answer["Error"]["Code"] == code
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


def body(s3, bucket, key, **arguments):
    return s3.get_object(Bucket=bucket, Key=key, **arguments)["Body"].read()


def empty(s3, bucket):
    """Removes a bucket with everything in it."""
    for entry in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket, Key=entry["Key"], UploadId=entry["UploadId"])
    for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=entry["Key"])
    s3.delete_bucket(Bucket=bucket)


def upload(s3, bucket, key, *sizes):
    """Sends parts of these sizes; returns the upload's ID, the parts and the bytes."""
    identifier = s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    parts, whole = [], b""
    for number, size in enumerate(sizes, 1):
        content = os.urandom(size)
        etag = s3.upload_part(
            Bucket=bucket, Key=key, UploadId=identifier, PartNumber=number, Body=content
        )["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
        whole += content
    return {"Bucket": bucket, "Key": key, "UploadId": identifier}, parts, whole
