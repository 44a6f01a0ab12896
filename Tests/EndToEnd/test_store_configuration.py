"""Tags of objects and buckets, lifecycle and CORS rules."""

import conftest
from store_clients import refused


def test_object_tags(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"1", Tagging="color=blue&a%20b=%C3%BC")
    tags = [{"Key": "color", "Value": "blue"}, {"Key": "a b", "Value": "ü"}]
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == tags
    assert s3.get_object(Bucket=bucket, Key="a")["TagCount"] == 2
    s3.copy_object(Bucket=bucket, Key="b", CopySource={"Bucket": bucket, "Key": "a"})
    assert s3.get_object_tagging(Bucket=bucket, Key="b")["TagSet"] == tags
    s3.copy_object(
        Bucket=bucket,
        Key="c",
        CopySource={"Bucket": bucket, "Key": "a"},
        TaggingDirective="REPLACE",
        Tagging="only=this",
    )
    new = [{"Key": "only", "Value": "this"}]
    assert s3.get_object_tagging(Bucket=bucket, Key="c")["TagSet"] == new
    etag = s3.head_object(Bucket=bucket, Key="a")["ETag"]
    s3.put_object_tagging(Bucket=bucket, Key="a", Tagging={"TagSet": new})
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == new
    assert s3.head_object(Bucket=bucket, Key="a")["ETag"] == etag
    s3.delete_object_tagging(Bucket=bucket, Key="a")
    assert s3.get_object_tagging(Bucket=bucket, Key="a")["TagSet"] == []
    assert "TagCount" not in s3.get_object(Bucket=bucket, Key="a")
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="m", Tagging="in=parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="m", UploadId=upload_id, PartNumber=1, Body=b"x")
    s3.complete_multipart_upload(
        Bucket=bucket,
        Key="m",
        UploadId=upload_id,
        MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]},
    )
    assert s3.get_object_tagging(Bucket=bucket, Key="m")["TagSet"] == [
        {"Key": "in", "Value": "parts"}
    ]


def test_tags_that_are_none(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    refused("NoSuchKey", 404, s3.get_object_tagging, Bucket=bucket, Key="missing")
    refused(
        "NoSuchKey",
        404,
        s3.put_object_tagging,
        Bucket=bucket,
        Key="missing",
        Tagging={"TagSet": []},
    )
    twice = {"TagSet": [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}]}
    refused("InvalidTag", 400, s3.put_object_tagging, Bucket=bucket, Key="a", Tagging=twice)
    eleven = {"TagSet": [{"Key": str(n), "Value": ""} for n in range(11)]}
    refused("BadRequest", 400, s3.put_object_tagging, Bucket=bucket, Key="a", Tagging=eleven)
    refused("InvalidTag", 400, s3.put_object, Bucket=bucket, Key="a", Body=b"", Tagging="=x")


def test_bucket_tags(s3, bucket):
    refused("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=bucket)
    tags = [{"Key": "team", "Value": "video"}]
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
    s3.delete_bucket_tagging(Bucket=bucket)
    refused("NoSuchTagSet", 404, s3.get_bucket_tagging, Bucket=bucket)


def test_lifecycle_configuration(s3, bucket):
    refused(
        "NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=bucket
    )
    rules = [
        {
            "ID": "old",
            "Status": "Enabled",
            "Filter": {"Prefix": "tmp/"},
            "Expiration": {"Days": 7},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
        }
    ]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    bad = [dict(rules[0], Expiration={"Days": 0})]
    refused(
        "InvalidArgument",
        400,
        s3.put_bucket_lifecycle_configuration,
        Bucket=bucket,
        LifecycleConfiguration={"Rules": bad},
    )
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"] == rules
    s3.delete_bucket_lifecycle(Bucket=bucket)
    refused(
        "NoSuchLifecycleConfiguration", 404, s3.get_bucket_lifecycle_configuration, Bucket=bucket
    )


def test_cors_configuration(s3, bucket, shared):
    refused("NoSuchCORSConfiguration", 404, s3.get_bucket_cors, Bucket=bucket)
    rules = [
        {
            "AllowedOrigins": ["https://*.example.com"],
            "AllowedMethods": ["PUT", "GET"],
            "AllowedHeaders": ["content-*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 60,
        }
    ]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == rules

    def preflight(origin, method, headers=""):
        asked = {"Access-Control-Request-Headers": headers} if headers else {}
        return conftest.http(
            "OPTIONS",
            f"{shared.s3}/{bucket}/key",
            headers={"Origin": origin, "Access-Control-Request-Method": method} | asked,
        )

    allowed = preflight("https://editor.example.com", "PUT", "content-type")
    assert allowed.status == 200
    assert allowed.headers["Access-Control-Allow-Origin"] == "https://editor.example.com"
    assert allowed.headers["Access-Control-Allow-Methods"] == "PUT, GET"
    assert allowed.headers["Access-Control-Allow-Headers"] == "content-type"
    assert allowed.headers["Access-Control-Max-Age"] == "60"
    assert preflight("https://example.org", "PUT").status == 403
    assert preflight("https://editor.example.com", "DELETE").status == 403
    assert preflight("https://editor.example.com", "PUT", "x-amz-meta-a").status == 403
    bad = [dict(rules[0], AllowedMethods=["PATCH"])]
    refused(
        "InvalidRequest",
        400,
        s3.put_bucket_cors,
        Bucket=bucket,
        CORSConfiguration={"CORSRules": bad},
    )
    s3.delete_bucket_cors(Bucket=bucket)
    refused("NoSuchCORSConfiguration", 404, s3.get_bucket_cors, Bucket=bucket)
    # The default again: pages of this machine.
    assert preflight("http://localhost:3000", "PUT").status == 200
