# A distribution in front of the bucket that serves signed URLs only.

locals {
  cdn = var.cdn_public_key == null ? {} : { downloads = var.cdn_public_key }
  cdn_environment = merge([
    for name, key in local.cdn : {
      SPOOL_CDN_URL         = "https://${aws_cloudfront_distribution.cdn[name].domain_name}"
      SPOOL_CDN_KEY_PAIR_ID = aws_cloudfront_public_key.cdn[name].id
      SPOOL_CDN_KEY_FILE    = var.cdn_key_file
    }
  ]...)
}

resource "aws_cloudfront_public_key" "cdn" {
  for_each    = local.cdn
  name        = var.name
  encoded_key = each.value
}

resource "aws_cloudfront_key_group" "cdn" {
  for_each = local.cdn
  name     = var.name
  items    = [aws_cloudfront_public_key.cdn[each.key].id]
}

resource "aws_cloudfront_origin_access_control" "cdn" {
  for_each                          = local.cdn
  name                              = var.name
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_cache_policy" "cdn" {
  for_each    = local.cdn
  name        = "${var.name}-cdn"
  default_ttl = 86400
  max_ttl     = 31536000
  min_ttl     = 1

  parameters_in_cache_key_and_forwarded_to_origin {
    cookies_config {
      cookie_behavior = "none"
    }
    headers_config {
      header_behavior = "none"
    }
    query_strings_config {
      query_string_behavior = "whitelist"
      # The store names downloads by it.
      query_strings {
        items = ["response-content-disposition"]
      }
    }
  }
}

resource "aws_cloudfront_distribution" "cdn" {
  for_each     = local.cdn
  comment      = var.name
  enabled      = true
  http_version = "http2and3"

  origin {
    origin_id                = "bucket"
    domain_name              = aws_s3_bucket.media.bucket_regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.cdn[each.key].id
  }

  default_cache_behavior {
    target_origin_id       = "bucket"
    viewer_protocol_policy = "redirect-to-https"
    allowed_methods        = ["GET", "HEAD", "OPTIONS"]
    cached_methods         = ["GET", "HEAD"]
    cache_policy_id        = aws_cloudfront_cache_policy.cdn[each.key].id
    # AWS's own policy SimpleCORS: every origin may read.
    response_headers_policy_id = "60669652-455b-4ae9-85a4-c4c02393f86c"
    trusted_key_groups         = [aws_cloudfront_key_group.cdn[each.key].id]
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    cloudfront_default_certificate = true
  }
}

resource "aws_s3_bucket_policy" "cdn" {
  for_each = local.cdn
  bucket   = aws_s3_bucket.media.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "s3:GetObject"
      Principal = { Service = "cloudfront.amazonaws.com" }
      Resource  = [for prefix in ["assets", "exports", "uploads"] : "${local.bucket_arn}/${prefix}/*"]
      Condition = { StringEquals = { "AWS:SourceArn" = aws_cloudfront_distribution.cdn[each.key].arn } }
    }]
  })
}
