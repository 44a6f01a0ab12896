resource "aws_s3_bucket" "media" {
  bucket = var.bucket_name
}

resource "aws_s3_bucket_public_access_block" "media" {
  bucket                  = aws_s3_bucket.media.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "media" {
  bucket = aws_s3_bucket.media.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "media" {
  bucket = aws_s3_bucket.media.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_cors_configuration" "media" {
  bucket = aws_s3_bucket.media.id
  cors_rule {
    allowed_origins = local.cors.origins
    allowed_methods = local.catalogue.bucket.cors.methods
    allowed_headers = local.catalogue.bucket.cors.headers
    expose_headers  = local.catalogue.bucket.cors.exposedHeaders
    max_age_seconds = local.catalogue.bucket.cors.maxAgeSeconds
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "media" {
  bucket = aws_s3_bucket.media.id

  dynamic "rule" {
    for_each = local.catalogue.bucket.expirationDays
    content {
      id     = "expire-${trim(rule.key, "/")}"
      status = "Enabled"
      filter {
        prefix = rule.key
      }
      expiration {
        days = rule.value
      }
    }
  }

  rule {
    id     = "abort-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = local.catalogue.bucket.abortIncompleteUploadDays
    }
  }
}

resource "aws_lambda_permission" "bucket" {
  for_each       = local.notified
  statement_id   = "bucket"
  function_name  = aws_lambda_function.function[each.key].function_name
  action         = "lambda:InvokeFunction"
  principal      = "s3.amazonaws.com"
  source_account = data.aws_caller_identity.current.account_id
  source_arn     = local.bucket_arn
}

resource "aws_s3_bucket_notification" "media" {
  bucket = aws_s3_bucket.media.id

  dynamic "lambda_function" {
    for_each = local.notifications
    content {
      lambda_function_arn = aws_lambda_function.function[lambda_function.value.function].arn
      events              = [for event in lambda_function.value.events : "s3:${event}"]
      filter_prefix       = lambda_function.value.prefix == "" ? null : lambda_function.value.prefix
      filter_suffix       = lambda_function.value.suffix == "" ? null : lambda_function.value.suffix
    }
  }

  depends_on = [aws_lambda_permission.bucket]
}
