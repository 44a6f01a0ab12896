# The same deployment as infra/aws, for Terraform. Names, limits, routes,
# triggers and permissions are read from infra/functions.json.

terraform {
  required_version = ">= 1.5"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.28"
    }
  }
}

data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  catalogue = jsondecode(file("${path.module}/../functions.json"))
  functions = { for function in local.catalogue.functions : function.name => function }
  answering = { for name, function in local.functions : name => function if can(function.url) }
  # A function with a URL may also check the session of its caller.
  permissions = {
    for name, function in local.functions : name => {
      for action in setunion(
        keys(function.permissions),
        can(function.url) ? keys(local.catalogue.callerPermissions) : []
      ) :
      action => distinct(concat(
        try(function.permissions[action], []),
        can(function.url) ? try(local.catalogue.callerPermissions[action], []) : []
      ))
    }
  }
  asynchronous = { for name, function in local.functions : name => function if can(function.async) }
  scheduled    = { for name, function in local.functions : name => function if can(function.schedule) }
  notified     = { for name, function in local.functions : name => function if can(function.objectEvents) }
  routes = merge([
    for name, function in local.functions : {
      for route in try(function.routes, []) : "${route.method} ${route.path}" => name
    }
  ]...)
  notifications = flatten([
    for name, function in local.notified : [
      for trigger in function.objectEvents : merge(trigger, { function = name })
    ]
  ])
  # Arn of a function without its name: a role of a function cannot refer to another function.
  function_arn = join(":", [
    "arn", data.aws_partition.current.partition, "lambda", data.aws_region.current.region,
    data.aws_caller_identity.current.account_id, "function", var.name
  ])
  bucket_arn = "arn:${data.aws_partition.current.partition}:s3:::${var.bucket_name}"
  is_image   = var.image_uri != null
  binaries   = local.is_image ? "/usr/bin" : "/var/task/bin"
  zip_only = {
    SPOOL_FONTS_DIR = "/var/task/share/fonts"
    SSL_CERT_FILE   = "/var/task/etc/ca-certificates.crt"
  }
  cors = {
    origins = [for origin in split(",", var.frontend_url) : trimspace(origin)]
    headers = [
      "authorization", "content-type", "if-match", "if-none-match", "range", "uppy-versions",
    ]
    exposed = [
      "allow", "content-disposition", "etag", "location", "retry-after", "www-authenticate",
    ]
  }
  answering_environment = {
    SPOOL_TOKENS           = var.tokens
    AUTH_PASSWORD          = var.password
    SPOOL_UPLOAD_MAX_BYTES = tostring(var.upload_max_bytes)
  }
  environment = merge(
    {
      SPOOL_BUCKET  = var.bucket_name
      FRONTEND_URL  = var.frontend_url
      SPOOL_FFMPEG  = "${local.binaries}/ffmpeg"
      SPOOL_FFPROBE = "${local.binaries}/ffprobe"
    },
    local.is_image ? {} : local.zip_only
  )
}

resource "aws_cloudwatch_log_group" "function" {
  for_each          = local.functions
  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_iam_role" "function" {
  for_each = local.functions
  name     = "${var.name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "function" {
  for_each = local.functions
  name     = each.key
  role     = aws_iam_role.function[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        for action, patterns in local.permissions[each.key] : {
          Effect = "Allow"
          Action = [action]
          Resource = (
            length(patterns) == 0
            ? [local.bucket_arn]
            : [for pattern in patterns : "${local.bucket_arn}/${pattern}"]
          )
        }
      ],
      [
        {
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["${aws_cloudwatch_log_group.function[each.key].arn}:*"]
        }
      ],
      can(each.value.async) ? [
        {
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = [aws_sqs_queue.failures.arn]
        }
      ] : [],
      can(each.value.async.onFailure) ? [
        {
          Effect   = "Allow"
          Action   = ["lambda:InvokeFunction"]
          Resource = ["${local.function_arn}-${each.value.async.onFailure}"]
        }
      ] : []
    )
  })
}

resource "aws_lambda_function" "function" {
  for_each      = local.functions
  function_name = "${var.name}-${each.key}"
  role          = aws_iam_role.function[each.key].arn
  architectures = [var.architecture]
  memory_size   = each.value.memoryMegabytes
  timeout       = each.value.timeoutSeconds

  package_type     = local.is_image ? "Image" : "Zip"
  image_uri        = var.image_uri
  s3_bucket        = local.is_image ? null : var.code_bucket
  s3_key           = local.is_image ? null : var.code_key
  runtime          = local.is_image ? null : "provided.al2023"
  handler          = local.is_image ? null : each.value.handler
  source_code_hash = var.code_hash

  reserved_concurrent_executions = (
    each.key == "render-chunk" ? var.worker_concurrency : try(each.value.deployedConcurrency, -1)
  )

  dynamic "image_config" {
    for_each = local.is_image ? [each.value.handler] : []
    content {
      command = [image_config.value]
    }
  }

  # The record of a failure goes to another function: the queue keeps the event.
  dynamic "dead_letter_config" {
    for_each = can(each.value.async.onFailure) ? [aws_sqs_queue.failures.arn] : []
    content {
      target_arn = dead_letter_config.value
    }
  }

  ephemeral_storage {
    size = try(each.value.ephemeralStorageMegabytes, 512)
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  environment {
    variables = merge(
      local.environment,
      can(each.value.url) ? merge(local.answering_environment, local.cdn_environment) : {},
      try(each.value.sendsNotifications, false) ? var.notifications : {},
      contains(["start-export", "advance-batch"], each.key) ? { WORKER_CONCURRENCY = tostring(var.worker_concurrency) } : {},
      try(each.value.environment, {})
    )
  }

  depends_on = [aws_iam_role_policy.function]
}

resource "aws_lambda_function_url" "function" {
  for_each           = local.answering
  function_name      = aws_lambda_function.function[each.key].function_name
  authorization_type = try(each.value.url.authType, "NONE")
  invoke_mode        = try(each.value.url.invokeMode, "BUFFERED")

  cors {
    allow_origins  = local.cors.origins
    allow_methods  = distinct([for route in try(each.value.routes, []) : route.method])
    allow_headers  = local.cors.headers
    expose_headers = local.cors.exposed
    max_age        = var.cors_max_age
  }
}

resource "aws_lambda_function_event_invoke_config" "function" {
  for_each                     = local.asynchronous
  function_name                = aws_lambda_function.function[each.key].function_name
  maximum_retry_attempts       = min(2, each.value.async.maximumRetryAttempts)
  maximum_event_age_in_seconds = min(21600, each.value.async.maximumEventAgeSeconds)

  destination_config {
    on_failure {
      destination = try(
        aws_lambda_function.function[each.value.async.onFailure].arn, aws_sqs_queue.failures.arn
      )
    }
  }
}

resource "aws_sqs_queue" "failures" {
  name                      = "${var.name}-failures"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}
