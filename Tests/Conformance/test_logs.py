"""Log lines and metrics, by AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL."""
import json
import re

import pytest

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


def invoke(platform, event=b"1", **environment):
    platform.start(**environment)
    connection = platform.first()
    connection.event(event)
    connection.request()
    connection.answer()
    connection.request()


@pytest.mark.parametrize("format", [None, "JSON"])
def test_lines_are_json_with_lambdas_filter_fields_and_the_request_id(platform, format):
    invoke(platform, **({"AWS_LAMBDA_LOG_FORMAT": format} if format else {}))
    line = platform.log()
    assert re.fullmatch(TIME, line.pop("timestamp"))
    assert line.pop("durationMs") >= 0
    assert line == {
        "level": "INFO", "message": "Invocation finished", "requestId": "r-1",
        "function": "echo-1", "outcome": "success", "coldStart": True, "eventBytes": 1,
        "responseBytes": 1}


def test_the_text_format_has_time_request_id_and_level_between_tabs(platform):
    invoke(platform, {"throw": "two words\nand lines"}, AWS_LAMBDA_LOG_FORMAT="Text")
    time, request_id, level, message, *fields = platform.lines.get(timeout=30).split("\t")
    assert re.fullmatch(TIME, time)
    assert (request_id, level, message) == ("r-1", "INFO", "Invocation finished")
    assert r'errorMessage="two words\nand lines"' in fields


@pytest.mark.parametrize("level, is_written", [
    ("TRACE", True), ("DEBUG", True), ("INFO", True), ("info", True), ("WARN", False),
    ("ERROR", False), ("FATAL", False), ("nonsense", True)])
def test_lines_below_the_level_are_dropped(platform, level, is_written):
    invoke(platform, AWS_LAMBDA_LOG_LEVEL=level)
    platform.terminate()
    assert bool(platform.all_lines()) == is_written


def test_metrics_are_one_line_of_the_embedded_format(platform):
    invoke(platform, SPOOL_METRICS_NAMESPACE="Spool", AWS_LAMBDA_LOG_LEVEL="ERROR")
    line = json.loads(platform.lines.get(timeout=30))
    directive = line["_aws"]["CloudWatchMetrics"][0]
    assert line["_aws"]["Timestamp"] > 1_600_000_000_000
    assert directive["Namespace"] == "Spool"
    assert directive["Dimensions"] == [["function"]] and line["function"] == "echo-1"
    units = {metric["Name"]: metric["Unit"] for metric in directive["Metrics"]}
    assert units == {"Duration": "Milliseconds", "ColdStarts": "Count", "Errors": "Count",
                     "EventBytes": "Bytes", "ResponseBytes": "Bytes"}
    assert (line["ColdStarts"], line["Errors"], line["EventBytes"]) == (1, 0, 1)
    assert line["requestId"] == "r-1"


def test_no_metrics_are_written_unasked(platform):
    invoke(platform)
    platform.terminate()
    assert not any("_aws" in line for line in platform.all_lines())
