"""The Terraform module: it parses, every reference is declared, and its
expressions agree with the catalogue.

The provider's own check of arguments requires a download and is not made here.
"""

import json
import re
import shutil
import subprocess

import hcl2
import pytest

from conftest import ROOT

MODULE = ROOT / "infra/terraform"
CATALOGUE = json.loads((ROOT / "infra/functions.json").read_text())
for entry in (f for f in CATALOGUE["functions"] if "url" in f):
    for permission, keys in CATALOGUE["callerPermissions"].items():
        entry["permissions"][permission] = entry["permissions"].get(permission, []) + keys
FILES = sorted(MODULE.glob("*.tf"))


def bare(text):
    return text.strip('"')


def declared():
    """Addresses of all declarations of the module."""
    found = set()
    for path in FILES:
        with open(path) as file:
            document = hcl2.load(file)
        for kind in ("resource", "data"):
            prefix = "data." if kind == "data" else ""
            for block in document.get(kind, []):
                for type_name, named in block.items():
                    found |= {
                        f"{prefix}{bare(type_name)}.{bare(n)}"
                        for n in named
                        if not n.startswith("__")
                    }
        for block in document.get("variable", []):
            found |= {f"var.{bare(n)}" for n in block if not n.startswith("__")}
        for block in document.get("locals", []):
            found |= {f"local.{bare(n)}" for n in block if not n.startswith("__")}
    return found


def test_the_module_parses_and_declares_every_reference():
    names = declared()
    assert len([n for n in names if n.startswith("aws_")]) > 20
    used = set()
    for path in FILES:
        text = re.sub(r"^\s*#.*$", "", path.read_text(), flags=re.M)
        used |= set(re.findall(r"(?<![\w.\"])((?:data\.aws_\w+|aws_\w+|var|local)\.\w+)", text))
    assert used <= names, used - names
    unused = {n for n in names if n.split(".")[0] in ("var", "local")} - used
    assert unused == set()


def test_no_statement_names_every_resource():
    for path in FILES:
        for line in path.read_text().splitlines():
            if re.search(r"\bResource\b", line):
                assert '"*"' not in line, line


@pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed")
def test_terraform_formats_nothing_and_computes_the_catalogues_policies(tmp_path):
    """The module's own locals and policy, evaluated by Terraform without AWS."""
    environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "CHECKPOINT_DISABLE": "1"}

    def terraform(*arguments):
        return subprocess.run(
            ["terraform", *arguments],
            env=environment,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    subprocess.run(["terraform", "fmt", "-check", MODULE], env=environment, check=True)
    source = (MODULE / "main.tf").read_text()
    values = source[source.index("locals {") : source.index('resource "aws_cloudwatch_log_group"')]
    policy = re.search(r"  policy = (jsonencode\(.*?\n  \}\))\n", source, re.S).group(1)
    text = (
        values + 'output "found" {\n  value = { for each_key, each_value in '
        "local.functions : each_key => " + policy + " }\n}\n"
        'output "wiring" {\n  value = { routes = local.routes, '
        "notifications = local.notifications, environment = local.environment, "
        "answering = keys(local.answering), asynchronous = keys(local.asynchronous), "
        "scheduled = keys(local.scheduled) }\n}\n"
    )
    panels = re.search(
        r"  dashboard_body = (jsonencode\(.*?\n  \}\))\n", (MODULE / "watch.tf").read_text(), re.S
    ).group(1)
    text += f'output "dashboard" {{\n  value = {panels}\n}}\n'
    for old, new in {
        "aws_lambda_function.function[name].function_name": "name",
        "aws_sqs_queue.failures.name": '"failures"',
        "data.aws_region.current.region": '"eu"',
        "each.value": "each_value",
        "each.key": "each_key",
        "${path.module}/../functions.json": str(ROOT / "infra/functions.json"),
        "data.aws_partition.current.partition": '"aws"',
        "data.aws_caller_identity.current.account_id": '"1"',
        "var.name": '"spool"',
        "var.bucket_name": '"media"',
        "var.image_uri": "null",
        "var.frontend_url": '"*"',
        "var.password": '""',
        "var.tokens": '"secret=me"',
        "var.upload_max_bytes": "5",
        "aws_cloudwatch_log_group.function[each_key].arn": '"logs"',
        "aws_sqs_queue.failures.arn": '"failures"',
    }.items():
        text = text.replace(old, new)
    (tmp_path / "main.tf").write_text(text)
    terraform("init", "-no-color")
    terraform("apply", "-auto-approve", "-no-color")
    outputs = json.loads(terraform("output", "-json"))
    policies = {k: json.loads(v) for k, v in outputs["found"]["value"].items()}
    for function in CATALOGUE["functions"]:
        found = {
            action: statement["Resource"]
            for statement in policies[function["name"]]["Statement"]
            for action in statement["Action"]
        }
        base = "arn:aws:s3:::media"
        expected = {
            action: [f"{base}/{p}" for p in patterns] or [base]
            for action, patterns in function["permissions"].items()
        }
        expected |= {"logs:CreateLogStream": ["logs:*"], "logs:PutLogEvents": ["logs:*"]}
        if "async" in function:
            expected["sqs:SendMessage"] = ["failures"]
        if destination := function.get("async", {}).get("onFailure"):
            expected["lambda:InvokeFunction"] = [
                f"arn:aws:lambda:eu:1:function:spool-{destination}"
            ]
        assert found == expected, function["name"]
    widgets = [w["properties"] for w in json.loads(outputs["dashboard"]["value"])["widgets"]]
    assert len(widgets) == 6
    assert [m[3] for m in widgets[0]["metrics"]] == sorted(
        f["name"] for f in CATALOGUE["functions"]
    )
    assert widgets[5]["metrics"] == [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "failures"]
    ]
    wiring = outputs["wiring"]["value"]
    functions = CATALOGUE["functions"]
    assert wiring["routes"] == {
        f"{r['method']} {r['path']}": f["name"] for f in functions for r in f.get("routes", [])
    }
    assert sorted(w["function"] for w in wiring["notifications"]) == sorted(
        f["name"] for f in functions for _ in f.get("objectEvents", [])
    )
    for key, member in (("answering", "url"), ("asynchronous", "async"), ("scheduled", "schedule")):
        assert wiring[key] == sorted(f["name"] for f in functions if f.get(member)), key
