resource "aws_apigatewayv2_api" "rest" {
  name          = var.name
  protocol_type = "HTTP"

  cors_configuration {
    allow_origins  = local.cors.origins
    allow_headers  = local.cors.headers
    expose_headers = local.cors.exposed
    max_age        = var.cors_max_age
    # All methods: a page then reads the 404 of a wrong one.
    allow_methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
  }
}

resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.rest.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_burst_limit = 200
    throttling_rate_limit  = 100
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each               = toset(values(local.routes))
  api_id                 = aws_apigatewayv2_api.rest.id
  integration_type       = "AWS_PROXY"
  integration_uri        = aws_lambda_function.function[each.key].arn
  payload_format_version = "2.0"
}

resource "aws_apigatewayv2_route" "route" {
  for_each  = local.routes
  api_id    = aws_apigatewayv2_api.rest.id
  route_key = each.key
  target    = "integrations/${aws_apigatewayv2_integration.function[each.value].id}"
}

resource "aws_lambda_permission" "api" {
  for_each      = toset(values(local.routes))
  statement_id  = "api"
  function_name = aws_lambda_function.function[each.key].function_name
  action        = "lambda:InvokeFunction"
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.rest.execution_arn}/*"
}

resource "aws_lambda_permission" "url" {
  for_each               = local.answering
  statement_id           = "url"
  function_name          = aws_lambda_function.function[each.key].function_name
  action                 = "lambda:InvokeFunctionUrl"
  principal              = "*"
  function_url_auth_type = try(each.value.url.authType, "NONE")
}

# Required in addition to the permission above since October 2025.
resource "aws_lambda_permission" "url_invoke" {
  for_each                 = local.answering
  statement_id             = "url-invoke"
  function_name            = aws_lambda_function.function[each.key].function_name
  action                   = "lambda:InvokeFunction"
  principal                = "*"
  invoked_via_function_url = true
}

resource "aws_cloudwatch_event_rule" "schedule" {
  for_each            = local.scheduled
  name                = "${var.name}-${each.key}"
  schedule_expression = each.value.schedule
}

resource "aws_cloudwatch_event_target" "schedule" {
  for_each = local.scheduled
  rule     = aws_cloudwatch_event_rule.schedule[each.key].name
  arn      = aws_lambda_function.function[each.key].arn
}

resource "aws_lambda_permission" "schedule" {
  for_each      = local.scheduled
  statement_id  = "schedule"
  function_name = aws_lambda_function.function[each.key].function_name
  action        = "lambda:InvokeFunction"
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.schedule[each.key].arn
}
