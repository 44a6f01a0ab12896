output "api_url" {
  description = "Base URL for front ends (VITE_API_URL)."
  value       = aws_apigatewayv2_api.rest.api_endpoint
}

output "function_urls" {
  description = "Function URL of each function."
  value       = { for name, url in aws_lambda_function_url.function : name => url.function_url }
}

output "cdn_url" {
  description = "Base URL of downloads; null without a CDN."
  value       = try(local.cdn_environment.SPOOL_CDN_URL, null)
}

output "alarm_topic" {
  description = "SNS topic of the alarms: subscribe to it."
  value       = aws_sns_topic.alarms.arn
}
