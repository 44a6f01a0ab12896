"""Every operation of S3's service model: what is not done is refused and changes nothing."""

import datetime
import hashlib
import uuid

import boto3
import botocore.client
import botocore.exceptions
import botocore.session
import pytest

import store_clients

MODEL = botocore.session.get_session().get_service_model("s3")
# Operations that change a bucket, an object or an upload, and do.
WRITES = {
    "AbortMultipartUpload",
    "CompleteMultipartUpload",
    "CopyObject",
    "CreateBucket",
    "CreateMultipartUpload",
    "DeleteBucket",
    "DeleteBucketCors",
    "DeleteBucketLifecycle",
    "DeleteBucketTagging",
    "DeleteObject",
    "DeleteObjectTagging",
    "DeleteObjects",
    "PutBucketCors",
    "PutBucketLifecycle",
    "PutBucketLifecycleConfiguration",
    "PutBucketNotification",
    "PutBucketNotificationConfiguration",
    "PutBucketTagging",
    "PutObject",
    "PutObjectTagging",
    "UploadPart",
    "UploadPartCopy",
}
# Operations that only read. A configuration that no bucket has is an error of its own.
READS = {
    "GetBucketCors",
    "GetBucketEncryption",
    "GetBucketLifecycle",
    "GetBucketLifecycleConfiguration",
    "GetBucketLocation",
    "GetBucketNotification",
    "GetBucketNotificationConfiguration",
    "GetBucketOwnershipControls",
    "GetBucketPolicy",
    "GetBucketPolicyStatus",
    "GetBucketReplication",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetBucketWebsite",
    "GetObject",
    "GetObjectAttributes",
    "GetObjectLockConfiguration",
    "GetObjectTagging",
    "GetPublicAccessBlock",
    "HeadBucket",
    "HeadObject",
    "ListBuckets",
    "ListDirectoryBuckets",
    "ListMultipartUploads",
    "ListObjectVersions",
    "ListObjects",
    "ListObjectsV2",
    "ListParts",
}
REFUSED = sorted(set(MODEL.operation_names) - WRITES - READS)
# Request members that the store carries out, or that only describe the request.
CARRIED = {
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "expires",
    "if-match",
    "if-none-match",
    "versionid",
    "x-amz-checksum-algorithm",
    "x-amz-checksum-type",
    "x-amz-metadata-directive",
    "x-amz-mp-object-size",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-skip-destination-validation",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-transition-default-minimum-object-size",
    "x-amz-website-redirect-location",
    *(f"x-amz-checksum-{name}" for name in ("crc32", "crc32c", "crc64nvme", "sha1", "sha256")),
}


@pytest.fixture(scope="module")
def client(shared):
    return boto3.client(
        "s3",
        endpoint_url=shared.s3,
        region_name="us-east-1",
        **shared.keys,
        config=botocore.client.Config(
            parameter_validation=False,
            inject_host_prefix=False,
            retries={"max_attempts": 1},
            s3={"addressing_style": "path"},
        ),
    )


@pytest.fixture(scope="module")
def stored(shared):
    """A bucket with objects, an upload and configurations."""
    s3 = store_clients.s3_client(shared)
    bucket = f"promises-{uuid.uuid4()}"
    s3.create_bucket(Bucket=bucket)
    for key in ("a", "b"):
        s3.put_object(
            Bucket=bucket, Key=key, Body=key.encode() * 9, Metadata={"k": key}, Tagging="t=1"
        )
    upload = s3.create_multipart_upload(Bucket=bucket, Key="c")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="c", UploadId=upload, PartNumber=1, Body=b"part")
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    rule = {"AllowedMethods": ["GET"], "AllowedOrigins": ["https://a.example"]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [rule]})
    yield {"Bucket": bucket, "UploadId": upload}
    store_clients.empty(s3, bucket)


def snapshot(client, bucket):
    """Everything that a client can see of the store, and of one bucket."""
    seen = {"buckets": [entry["Name"] for entry in client.list_buckets()["Buckets"]]}
    for entry in client.list_objects_v2(Bucket=bucket).get("Contents", []):
        key = entry["Key"]
        answer = client.get_object(Bucket=bucket, Key=key)
        body = hashlib.sha256(answer["Body"].read()).hexdigest()
        tags = client.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        kept = {
            name: value
            for name, value in answer["ResponseMetadata"]["HTTPHeaders"].items()
            if name not in ("date", "x-amz-request-id")
        }
        seen[key] = [body, tags, kept]
    for entry in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
        parts = client.list_parts(Bucket=bucket, Key=entry["Key"], UploadId=entry["UploadId"])
        seen[entry["UploadId"]] = [part["ETag"] for part in parts.get("Parts", [])]
    for name in ("cors", "tagging", "lifecycle_configuration"):
        try:
            answer = getattr(client, f"get_bucket_{name}")(Bucket=bucket)
            seen[name] = {k: v for k, v in answer.items() if k != "ResponseMetadata"}
        except botocore.exceptions.ClientError as error:
            seen[name] = error.response["Error"]["Code"]
    return seen


def example(shape, depth=0):
    """A value of a shape: the required members, or some where none is required."""
    if shape.type_name == "structure":
        names = shape.required_members or (list(shape.members)[:2] if depth < 4 else [])
        return {name: example(shape.members[name], depth + 1) for name in names}
    if shape.type_name == "list":
        return [example(shape.member, depth + 1)]
    if shape.type_name == "map":
        return {"k": "v"}
    if shape.type_name == "timestamp":
        return datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long"):
        return 1
    if shape.type_name == "blob":
        return b"body"
    return shape.enum[0] if getattr(shape, "enum", None) else "x"


def arguments(operation, stored, key="a"):
    """The required members of an operation, for the stored bucket."""
    members = operation.input_shape.members if operation.input_shape else {}
    required = operation.input_shape.required_members if operation.input_shape else []
    found = {name: example(members[name]) for name in required}
    payload = operation.input_shape.serialization.get("payload") if operation.input_shape else None
    if payload:
        found[payload] = example(members[payload])
    if "Bucket" in members:
        found["Bucket"] = stored["Bucket"]
    if "Key" in found:
        found["Key"] = key
    if "UploadId" in found:
        found |= {"UploadId": stored["UploadId"], "Key": "c"}
    if "CopySource" in found:
        found["CopySource"] = {"Bucket": stored["Bucket"], "Key": "b"}
    return found


def call(client, name, **members):
    """The error's code and status; None for a success."""
    method = getattr(client, botocore.xform_name(name))
    try:
        answer = method(**members)
        if "Body" in answer:
            answer["Body"].read()
        return None
    except botocore.exceptions.ClientError as error:
        answer = error.response
        return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]
    except botocore.exceptions.BotoCoreError as error:
        pytest.skip(f"botocore does not send it: {error}")


def test_the_lists_name_operations_of_the_model():
    # botocore drops operations that S3 withdraws, and adds others, which are refused then.
    assert len(set(MODEL.operation_names) & WRITES) >= len(WRITES) - 2
    assert len(set(MODEL.operation_names) & READS) >= len(READS) - 4
    assert len(REFUSED) >= 50


@pytest.mark.parametrize("name", REFUSED)
def test_an_operation_that_is_not_done_is_refused_and_changes_nothing(client, stored, name):
    operation = MODEL.operation_model(name)
    before = snapshot(client, stored["Bucket"])
    refusal = call(client, name, **arguments(operation, stored))
    assert refusal and 400 <= refusal[1] <= 501, refusal
    assert snapshot(client, stored["Bucket"]) == before


@pytest.mark.parametrize(
    "name", [name for name in REFUSED if MODEL.operation_model(name).http["method"] != "GET"]
)
def test_a_refused_operation_neither_makes_nor_deletes_a_bucket(client, bucket, name):
    """An unknown sub-resource once fell through to CreateBucket and DeleteBucket."""
    operation = MODEL.operation_model(name)
    before = [entry["Name"] for entry in client.list_buckets()["Buckets"]]
    for target in (bucket, f"new-{uuid.uuid4()}"):
        assert call(client, name, **arguments(operation, {"Bucket": target, "UploadId": "x"}))
    assert [entry["Name"] for entry in client.list_buckets()["Buckets"]] == before


@pytest.mark.parametrize("name", sorted(READS & set(MODEL.operation_names)))
def test_an_operation_that_reads_changes_nothing(client, stored, name):
    before = snapshot(client, stored["Bucket"])
    refusal = call(client, name, **arguments(MODEL.operation_model(name), stored))
    assert refusal is None or refusal[1] in (400, 404), refusal
    assert snapshot(client, stored["Bucket"]) == before


def promises(name):
    """The optional members of a write that would promise something, by their names on the wire."""
    shape = MODEL.operation_model(name).input_shape
    for member, value in shape.members.items():
        wire = value.serialization.get("name", "").lower()
        place = value.serialization.get("location")
        if member in shape.required_members or place not in ("header", "querystring"):
            continue
        if wire not in CARRIED and not wire.startswith("x-amz-copy-source"):
            yield member


@pytest.mark.parametrize(
    ("name", "member"),
    [
        (name, member)
        for name in sorted(WRITES & set(MODEL.operation_names))
        for member in promises(name)
    ],
)
def test_a_promise_that_is_not_kept_is_refused_and_changes_nothing(client, stored, name, member):
    """Locks, encryption, ACLs, grants, classes, appends, other owners, conditions of a delete."""
    operation = MODEL.operation_model(name)
    members = arguments(operation, stored)
    shape = operation.input_shape.members[member]
    members[member] = example(shape)
    if member == "ACL":
        members[member] = "public-read"
    if member == "StorageClass":
        members[member] = "GLACIER"
    before = snapshot(client, stored["Bucket"])
    refusal = call(client, name, **members)
    assert refusal and 400 <= refusal[1] <= 501, refusal
    assert snapshot(client, stored["Bucket"]) == before


def test_the_same_promise_in_a_presigned_query_is_refused(shared, s3, bucket):
    import conftest

    for header, value in [("x-amz-acl", "public-read"), ("x-amz-server-side-encryption", "AES256")]:
        url = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "k"})
        answer = conftest.http("PUT", f"{url}&{header}={value}", b"x")
        assert answer.status in (400, 403, 501)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_many_deletes_are_conditional_each(s3, bucket):
    for key in ("same", "other", "kept"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    etag = s3.head_object(Bucket=bucket, Key="same")["ETag"]
    answer = s3.delete_objects(
        Bucket=bucket,
        Delete={
            "Objects": [
                {"Key": "same", "ETag": etag},
                {"Key": "other", "ETag": '"0"'},
                {"Key": "kept", "Size": 99},
                {"Key": "gone", "VersionId": "abc"},
            ]
        },
    )
    assert [entry["Key"] for entry in answer["Deleted"]] == ["same"]
    assert {entry["Key"]: entry["Code"] for entry in answer["Errors"]} == {
        "other": "PreconditionFailed",
        "kept": "PreconditionFailed",
        "gone": "NoSuchVersion",
    }
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]]
    assert keys == ["kept", "other"]


def test_a_rule_that_deletes_by_size_keeps_the_others(s3, bucket):
    """A filter that is ignored would delete what it names as kept."""
    rule = {
        "ID": "big",
        "Status": "Enabled",
        "Filter": {"ObjectSizeGreaterThan": 100},
        "Expiration": {"Date": datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)},
    }
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    read = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]
    assert read["Filter"] == {"ObjectSizeGreaterThan": 100}
    moved = {"ID": "m", "Status": "Enabled", "Filter": {}} | {
        "Transitions": [{"Days": 1, "StorageClass": "GLACIER"}]
    }
    store_clients.refused(
        "NotImplemented",
        501,
        s3.put_bucket_lifecycle_configuration,
        Bucket=bucket,
        LifecycleConfiguration={"Rules": [moved]},
    )


def test_a_copy_source_reads_plus_as_a_space_and_its_dates(shared, s3, bucket):
    s3.put_object(Bucket=bucket, Key="a b", Body=b"1")

    def plus(request, **_):
        # boto3 escapes the plus sign; other clients send it for a space.
        request.headers.replace_header("x-amz-copy-source", f"{bucket}/a+b")

    client = boto3.client("s3", endpoint_url=shared.s3, region_name="us-east-1", **shared.keys)
    client.meta.events.register("before-sign.s3.CopyObject", plus)
    client.copy_object(Bucket=bucket, Key="c", CopySource=f"{bucket}/x")
    assert store_clients.body(s3, bucket, "c") == b"1"
    old = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    for condition in (
        {"CopySourceIfUnmodifiedSince": old},
        {"CopySourceIfModifiedSince": old.replace(year=2090)},
    ):
        store_clients.refused(
            "PreconditionFailed",
            412,
            s3.copy_object,
            Bucket=bucket,
            Key="d",
            CopySource=f"{bucket}/a b",
            **condition,
        )
