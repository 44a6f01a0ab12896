"""The CloudFormation templates: up to date, valid, least privilege, and created by moto."""

import ast
import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys

import boto3
import pytest
from moto import mock_aws
from moto.cloudformation.parsing import resource_class_from_type

from conftest import ROOT

TEMPLATES = ["spool.template.json", "spool-image.template.json"]
CATALOGUE = json.loads((ROOT / "infra/functions.json").read_text())
for entry in (f for f in CATALOGUE["functions"] if "url" in f):
    for permission, keys in CATALOGUE["callerPermissions"].items():
        entry["permissions"][permission] = entry["permissions"].get(permission, []) + keys


def template(name):
    return json.loads((ROOT / "infra/aws" / name).read_text())


def title(name):
    return "".join(word.capitalize() for word in name.split("-"))


def of_type(document, kind):
    return {
        key: value["Properties"]
        for key, value in document["Resources"].items()
        if value["Type"] == kind
    }


def test_the_committed_templates_equal_the_generated_ones():
    subprocess.run([ROOT / "scripts/generate-infra", "--check"], check=True)


def test_a_change_in_the_catalogue_makes_the_templates_stale():
    loader = importlib.machinery.SourceFileLoader(
        "generate_infra", str(ROOT / "scripts/generate-infra")
    )
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("generate_infra", loader)
    )
    writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = writes
    changed = json.loads(json.dumps(CATALOGUE))
    changed["functions"][0]["memoryMegabytes"] += 64
    assert module.template(CATALOGUE, False) == template(TEMPLATES[0])
    assert module.template(CATALOGUE, True) == template(TEMPLATES[1])
    assert module.template(changed, False) != template(TEMPLATES[0])


def test_cfn_lint_finds_no_fault():
    linter = os.path.join(os.path.dirname(sys.executable), "cfn-lint")
    done = subprocess.run(
        [linter, *(ROOT / "infra/aws" / name for name in TEMPLATES)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", TEMPLATES)
def test_roles_allow_what_the_catalogue_lists_and_nothing_else(name):
    document = template(name)
    bucket = "arn:${AWS::Partition}:s3:::${BucketName}"
    roles = of_type(document, "AWS::IAM::Role")
    assert set(roles) == {title(f["name"]) + "Role" for f in CATALOGUE["functions"]}
    for function in CATALOGUE["functions"]:
        role = roles[title(function["name"]) + "Role"]
        assert "ManagedPolicyArns" not in role
        found = {}
        for policy in role["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                assert statement["Effect"] == "Allow"
                assert not {"NotAction", "NotResource"} & set(statement)
                actions = statement["Action"]
                for action in [actions] if isinstance(actions, str) else actions:
                    found[action] = statement["Resource"]
        logs = [{"Fn::GetAtt": [title(function["name"]) + "Logs", "Arn"]}]
        expected = {
            action: [{"Fn::Sub": f"{bucket}/{pattern}"} for pattern in patterns]
            or [{"Fn::Sub": bucket}]
            for action, patterns in function["permissions"].items()
        }
        expected |= {"logs:CreateLogStream": logs, "logs:PutLogEvents": logs}
        if "async" in function:
            expected["sqs:SendMessage"] = [{"Fn::GetAtt": ["Failures", "Arn"]}]
        if destination := function.get("async", {}).get("onFailure"):
            expected["lambda:InvokeFunction"] = [{"Fn::GetAtt": [title(destination), "Arn"]}]
        assert found == expected, function["name"]
        assert not any("*" in action for action in found)


@pytest.mark.parametrize("name", TEMPLATES)
def test_no_statement_names_every_resource(name):
    def walk(node):
        if isinstance(node, dict):
            if "Effect" in node and "Resource" in node:
                yield node
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    statements = list(walk(template(name)))
    assert len(statements) > 2 * len(CATALOGUE["functions"])
    for statement in statements:
        for resource in statement["Resource"]:
            text = resource.get("Fn::Sub", "") if isinstance(resource, dict) else resource
            assert text != "*" and not text.startswith("*"), statement
            assert text.count("*") <= (1 if text.endswith("/*") else 0), statement


@pytest.mark.parametrize("name", TEMPLATES)
def test_routes_triggers_and_limits_are_those_of_the_catalogue(name):
    document = template(name)
    routes = {
        (p["RouteKey"], p["Target"]["Fn::Sub"])
        for p in of_type(document, "AWS::ApiGatewayV2::Route").values()
    }
    assert routes == {
        (f"{r['method']} {r['path']}", "integrations/${" + title(f["name"]) + "Integration}")
        for f in CATALOGUE["functions"]
        for r in f.get("routes", [])
    }
    bucket = document["Resources"]["Bucket"]["Properties"]
    wired = {
        (
            c["Event"],
            c["Function"]["Fn::GetAtt"][0],
            tuple((r["Name"], r["Value"]) for r in c["Filter"]["S3Key"]["Rules"]),
        )
        for c in bucket["NotificationConfiguration"]["LambdaConfigurations"]
    }
    assert wired == {
        (
            f"s3:{event}",
            title(f["name"]),
            tuple((k, rule[k]) for k in ("prefix", "suffix") if rule[k]),
        )
        for f in CATALOGUE["functions"]
        for rule in f.get("objectEvents", [])
        for event in rule["events"]
    }
    days = {
        r["Prefix"]: r["ExpirationInDays"]
        for r in bucket["LifecycleConfiguration"]["Rules"]
        if "ExpirationInDays" in r
    }
    assert days == CATALOGUE["bucket"]["expirationDays"]
    cors = bucket["CorsConfiguration"]["CorsRules"][0]
    assert "ETag" in cors["ExposedHeaders"] and "PUT" in cors["AllowedMethods"]
    functions = of_type(document, "AWS::Lambda::Function")
    for function in CATALOGUE["functions"]:
        properties = functions[title(function["name"])]
        assert properties["MemorySize"] == function["memoryMegabytes"]
        assert properties["Timeout"] == function["timeoutSeconds"]
        assert ("SPOOL_TOKENS" in properties["Environment"]["Variables"]) == ("url" in function)
    assert len(of_type(document, "AWS::Lambda::EventInvokeConfig")) == sum(
        "async" in f for f in CATALOGUE["functions"]
    )


# Types that moto's CloudFormation does not model; only cfn-lint checks them.
UNKNOWN_TO_MOTO = {
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Url",
}


def without_unknown_types(document):
    """The template without unsupported types and references to them, on which moto fails."""
    left_out = {k for k, v in document["Resources"].items() if v["Type"] in UNKNOWN_TO_MOTO}
    kinds = {v["Type"] for v in document["Resources"].values()}
    modelled = {k for k in UNKNOWN_TO_MOTO & kinds if resource_class_from_type(k)}
    assert modelled == set(), "moto models more now: take these from the list"
    for section in ("Resources", "Outputs"):
        document[section] = {
            key: value
            for key, value in document[section].items()
            if key not in left_out
            and not any(
                f'"{other}"' in json.dumps(value) or "${" + other + "}" in json.dumps(value)
                for other in left_out
            )
        }
    return document


def create(clients, name):
    """Creates the stack on moto and returns its resources."""
    store = clients("s3")
    store.create_bucket(Bucket="code")
    store.put_object(Bucket="code", Key="spool.zip", Body=zip_bytes())
    values = {"BucketName": "spool-media", "Tokens": "secret=me", "WorkerConcurrency": "5"}
    if "image" in name:
        values["ImageUri"] = "123456789012.dkr.ecr.us-east-1.amazonaws.com/spool:1"
    else:
        values["CodeBucket"] = "code"
    formation = clients("cloudformation")
    formation.create_stack(
        StackName="spool",
        TemplateBody=json.dumps(without_unknown_types(template(name))),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
    )
    stack = formation.describe_stacks(StackName="spool")["Stacks"][0]
    assert stack["StackStatus"] == "CREATE_COMPLETE"


def zip_bytes():
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    return buffer.getvalue()


@pytest.mark.parametrize("name", TEMPLATES)
def test_cloudformation_creates_the_stack(name, monkeypatch):
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(key, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)

    def clients(service):
        return boto3.client(service, region_name="us-east-1")

    with mock_aws():
        create(clients, name)
        functions = {f["FunctionName"]: f for f in clients("lambda").list_functions()["Functions"]}
        assert set(functions) == {f"spool-{f['name']}" for f in CATALOGUE["functions"]}
        for function in CATALOGUE["functions"]:
            made = functions[f"spool-{function['name']}"]
            assert (made["MemorySize"], made["Timeout"]) == (
                function["memoryMegabytes"],
                function["timeoutSeconds"],
            )
            assert made["Environment"]["Variables"]["SPOOL_BUCKET"] == "spool-media"
            role = clients("iam").get_role_policy(
                RoleName=made["Role"].split("/")[-1], PolicyName=function["name"]
            )
            policy, allowed = role["PolicyDocument"], {}
            policy = ast.literal_eval(policy) if isinstance(policy, str) else policy
            for statement in policy["Statement"]:
                if isinstance(statement["Action"], str):
                    allowed[statement["Action"]] = statement["Resource"]
            base = "arn:aws:s3:::spool-media"
            for action, patterns in function["permissions"].items():
                assert allowed[action] == ([f"{base}/{p}" for p in patterns] or [base])
        store = clients("s3")
        assert store.get_bucket_location(Bucket="spool-media")
        assert clients("events").list_rules()["Rules"][0]["ScheduleExpression"] == "rate(1 minute)"
        queues = clients("sqs").list_queues()["QueueUrls"]
        assert len(queues) == 1
        groups = clients("logs").describe_log_groups()["logGroups"]
        assert {g["logGroupName"] for g in groups} == {
            f"/aws/lambda/spool-{f['name']}" for f in CATALOGUE["functions"]
        }
        board = clients("cloudwatch").get_dashboard(DashboardName="spool")
        assert len(json.loads(board["DashboardBody"])["widgets"]) == 6


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_cdn_is_optional_and_serves_signed_urls_alone(name):
    document = template(name)
    resources = document["Resources"]
    cdn = {key: value for key, value in resources.items() if value.get("Condition") == "HasCdn"}
    assert document["Parameters"]["CdnPublicKey"]["Default"] == ""
    assert {value["Type"].split("::")[-1] for value in cdn.values()} == {
        *("PublicKey", "KeyGroup", "OriginAccessControl", "CachePolicy", "Distribution"),
        "BucketPolicy",
    }
    settings = cdn["Cdn"]["Properties"]["DistributionConfig"]
    assert settings["DefaultCacheBehavior"]["TrustedKeyGroups"] == [{"Ref": "CdnKeys"}]
    access = cdn["CdnAccess"]["Properties"]["OriginAccessControlConfig"]
    assert access["SigningBehavior"] == "always"
    (statement,) = cdn["CdnBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert "${Cdn}" in statement["Condition"]["StringEquals"]["AWS:SourceArn"]["Fn::Sub"]
    for function in CATALOGUE["functions"]:
        properties = resources[title(function["name"])]["Properties"]
        variables = properties["Environment"]["Variables"]
        for variable in ("SPOOL_CDN_URL", "SPOOL_CDN_KEY_PAIR_ID", "SPOOL_CDN_KEY_FILE"):
            assert (variable in variables) == ("url" in function)


@pytest.mark.parametrize("name", TEMPLATES)
def test_pages_of_a_list_of_origins_may_call_every_method(name):
    document = template(name)
    assert document["Parameters"]["FrontendUrl"]["Type"] == "CommaDelimitedList"
    (api,) = of_type(document, "AWS::ApiGatewayV2::Api").values()
    cors = api["CorsConfiguration"]
    assert {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} <= set(cors["AllowMethods"])
    assert cors["AllowOrigins"] == {"Ref": "FrontendUrl"}
    for url in of_type(document, "AWS::Lambda::Url").values():
        assert url["Cors"]["AllowOrigins"] == {"Ref": "FrontendUrl"}
        assert url["Cors"]["MaxAge"] == {"Ref": "CorsMaxAge"}


@pytest.mark.parametrize("name", TEMPLATES)
def test_functions_that_notify_get_the_mail_server_and_no_other_does(name):
    document = template(name)
    functions = of_type(document, "AWS::Lambda::Function")
    for entry in CATALOGUE["functions"]:
        variables = functions[title(entry["name"])]["Environment"]["Variables"]
        wanted = {"Ref": "SmtpPassword"} if entry.get("sendsNotifications") else None
        assert variables.get("SPOOL_SMTP_PASSWORD") == wanted, entry["name"]
    hidden = {key for key, value in document["Parameters"].items() if value.get("NoEcho")}
    assert {"SmtpPassword", "MailApiKey"} <= hidden
