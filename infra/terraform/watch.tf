resource "aws_sns_topic" "alarms" {
  name = "${var.name}-alarms"
}

resource "aws_cloudwatch_metric_alarm" "errors" {
  for_each            = local.functions
  alarm_name          = "${var.name}-${each.key}-errors"
  namespace           = "AWS/Lambda"
  metric_name         = "Errors"
  dimensions          = { FunctionName = aws_lambda_function.function[each.key].function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 5
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "failures" {
  alarm_name          = "${var.name}-failures"
  namespace           = "AWS/SQS"
  metric_name         = "ApproximateNumberOfMessagesVisible"
  dimensions          = { QueueName = aws_sqs_queue.failures.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 1
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
}

# The same six panels as in infra/aws.
resource "aws_cloudwatch_dashboard" "functions" {
  dashboard_name = var.name
  dashboard_body = jsonencode({
    widgets = [
      for index, panel in [
        { title = "Invocations", metric = "Invocations", stat = "Sum", of = local.functions },
        { title = "Errors", metric = "Errors", stat = "Sum", of = local.functions },
        { title = "Duration of HTTP responses, p99", metric = "Duration", stat = "p99", of = local.answering },
        { title = "Duration of event handling, average", metric = "Duration", stat = "Average", of = local.asynchronous },
        { title = "Concurrent executions", metric = "ConcurrentExecutions", stat = "Maximum", of = local.functions },
        { title = "Failed events", metric = "ApproximateNumberOfMessagesVisible", stat = "Maximum", of = {} },
        ] : {
        type   = "metric"
        x      = (index % 2) * 12
        y      = floor(index / 2) * 6
        width  = 12
        height = 6
        properties = {
          title  = panel.title
          region = data.aws_region.current.region
          period = 300
          view   = "timeSeries"
          stat   = panel.stat
          metrics = concat(
            [
              for name in sort(keys(panel.of)) :
              ["AWS/Lambda", panel.metric, "FunctionName", aws_lambda_function.function[name].function_name]
            ],
            [
              for queue in [aws_sqs_queue.failures.name] :
              ["AWS/SQS", panel.metric, "QueueName", queue] if length(panel.of) == 0
            ]
          )
        }
      }
    ]
  })
}
