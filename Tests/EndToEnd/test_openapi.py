"""docs/openapi.json is one valid document, and a generator makes a client of it that exports."""

import importlib
import json
import pathlib
import re
import subprocess
import sys

import openapi_spec_validator
import pytest

from conftest import ROOT, wait_until

DOCUMENT = json.loads((ROOT / "docs/openapi.json").read_text())
CATALOGUE = json.loads((ROOT / "infra/functions.json").read_text())


def operations():
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            if method in ("get", "post", "put", "patch", "delete"):
                yield method.upper(), path, operation


def test_the_document_is_bundled_and_up_to_date():
    subprocess.run([ROOT / "scripts/bundle-openapi", "--check"], check=True)
    assert all(
        ref.startswith("#/") for ref in re.findall(r'"\$ref": "([^"]*)"', json.dumps(DOCUMENT))
    )


def test_the_document_is_valid_openapi():
    assert DOCUMENT["openapi"].startswith("3.1")
    openapi_spec_validator.validate(DOCUMENT)
    ids = [operation["operationId"] for _, _, operation in operations()]
    assert len(ids) == len(set(ids))


def test_streamed_forms_are_documented_as_forms():
    streamed = {
        (route["method"], route["path"])
        for function in CATALOGUE["functions"]
        for route in function.get("routes", [])
        if route.get("body") == "multipart-stream"
    }
    forms = {
        (method, path)
        for method, path, operation in operations()
        if "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
    }
    assert streamed == forms


@pytest.fixture(scope="module")
def client_package(tmp_path_factory):
    """The package that openapi-python-client makes of the document."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.yml").write_text("post_hooks: []\nliteral_enums: true\n")
    made = subprocess.run(
        [
            *(pathlib.Path(sys.executable).parent / "openapi-python-client", "generate"),
            *("--path", ROOT / "docs/openapi.json", "--config", folder / "config.yml"),
            *("--meta", "none", "--output-path", folder / "spool_client"),
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "Unable to process schema" not in made.stdout + made.stderr
    sys.path.insert(0, str(folder))
    yield folder / "spool_client"
    sys.path.remove(str(folder))


def test_the_generator_drops_no_operation(client_package):
    made = {path.stem.replace("_", "") for path in client_package.glob("api/*/*.py")}
    wanted = {
        re.sub("[-_]", "", operation["operationId"]).lower() for *_, operation in operations()
    }
    assert wanted <= made


def test_the_generated_client_exports(client_package, shared, media):
    package = importlib.import_module("spool_client")
    models = importlib.import_module("spool_client.models")
    client = package.Client(base_url=shared.api)

    def call(name, *arguments, **body):
        module = importlib.import_module(f"spool_client.api.default.{name}")
        answer = module.sync_detailed(*arguments, client=client, **body)
        assert answer.status_code < 300, answer.content
        return answer.parsed

    path = media / "a.mp4"
    grant = call(
        "init_upload",
        body=models.UploadRequest(
            filename=path.name, content_type="video/mp4", size=path.stat().st_size
        ),
    )
    headers = grant.headers.to_dict()
    put = client.get_httpx_client().put(
        grant.upload_url, content=path.read_bytes(), headers=headers
    )
    assert put.status_code == 200
    asset = call("complete_upload", body=models.UploadCompletion(asset_id=grant.asset_id))
    clip = {"asset": {"type": "video", "assetId": asset.id}, "start": 0, "length": 1}
    edit = models.Edit.from_dict(
        {
            "timeline": {"tracks": [{"clips": [clip]}]},
            "output": {"size": {"width": 320, "height": 180}, "fps": 30},
        }
    )
    accepted = call("start_export", body=edit)
    wait_until(
        "the end of the export",
        lambda: call("job_status", accepted.job_id).to_dict()["state"] == "completed",
        120,
    )
