"""The deployable package renders a chunk in a root that contains nothing else.

The root has the package in /var/task, /proc, /dev and an empty /tmp, in its
own namespace; the network is the host's loopback, where the store and a
Runtime API listen.
"""

import http.server
import json
import os
import shutil
import subprocess
import threading

import pytest

from conftest import BIN, ROOT, Emulator, frame_hashes, single
from store_clients import s3_client

ENTER = """
set -e
mount --rbind /dev "$1/dev"
mount --rbind /proc "$1/proc"
shift_root=$1; shift
exec chroot "$shift_root" "$@"
"""

# Lambda's limit of an unpacked package (docs.aws.amazon.com/lambda/latest/dg/
# gettingstarted-limits.html), and the part of it that a release bootstrap may take.
PACKAGE_BYTES_MAX = 250 << 20
BOOTSTRAP_BYTES_MAX = 26 << 20
# A release build has these linked into the bootstrap.
SWIFT_LIBRARIES = ("libswift", "libFoundation", "lib_Foundation", "libdispatch", "libBlocksRuntime")


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A root with the package of the tested build and nothing else."""
    # scripts/setup --tests installs both: without them the test fails.
    assert shutil.which("patchelf") and shutil.which("unshare")
    folder = tmp_path_factory.mktemp("package")
    subprocess.run(
        [ROOT / "scripts/package", "--unpacked", BIN / "bootstrap", folder / "spool.zip"],
        check=True,
        capture_output=True,
    )
    root = folder / "root"
    for name in ("proc", "dev", "tmp", "var"):
        (root / name).mkdir(parents=True)
    (folder / "content").rename(root / "var/task")
    return root


@pytest.fixture
def namespaces():
    entered = subprocess.run(["unshare", "-Urm", "true"], capture_output=True, check=False)
    if entered.returncode != 0:
        pytest.skip("this system permits no user namespaces")


def enter(root, *command, **options):
    return subprocess.run(
        ["unshare", "-Urm", "sh", "-c", ENTER, "sh", root, *command],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
        check=False,
    )


class RuntimeAPI(http.server.ThreadingHTTPServer):
    """A Runtime API with one event: it takes one response and then closes."""

    def __init__(self, event):
        super().__init__(("127.0.0.1", 0), Handler)
        self.event, self.answer, self.ended = json.dumps(event).encode(), None, threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.server.answer is not None or self.server.event is None:
            self.server.ended.wait(60)
            self.close_connection = True
            return
        body, self.server.event = self.server.event, None
        self.send_response(200)
        for name, value in {
            "Lambda-Runtime-Aws-Request-Id": "r-1",
            "Lambda-Runtime-Deadline-Ms": "9999999999999",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.answer = (self.path, body)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.ended.set()

    def log_message(self, *_):
        pass


def test_the_package_is_complete_and_below_lambdas_limit(package):
    root = package
    files = [path for path in (root / "var/task").rglob("*") if path.is_file()]
    ours = {path for path in files if path.name.startswith(("bootstrap", *SWIFT_LIBRARIES))}
    others_size = sum(path.stat().st_size for path in files if path not in ours)
    assert others_size < PACKAGE_BYTES_MAX - BOOTSTRAP_BYTES_MAX, others_size
    # A debug build is larger. make package-size runs this test on a release build.
    if BIN.resolve().name == "release":
        assert sum(path.stat().st_size for path in ours) < BOOTSTRAP_BYTES_MAX
    for name in (
        "bootstrap",
        "bin/ffmpeg",
        "bin/ffprobe",
        "etc/ca-certificates.crt",
        "share/fonts/DejaVuSans.ttf",
        "share/fonts/Lato-Black.ttf",
        "share/fonts/Symbola_hint.ttf",
    ):
        assert (root / "var/task" / name).exists(), name
    assert os.access(root / "var/task/bootstrap", os.X_OK)


def test_ffmpeg_of_the_package_has_the_filters_and_encoders(package, namespaces):
    root = package
    filters = enter(root, "/var/task/bin/ffmpeg", "-v", "error", "-filters")
    assert filters.returncode == 0, filters.stderr
    for name in (" ass ", " xfade ", " overlay ", " drawtext "):
        assert name in filters.stdout
    encoders = enter(root, "/var/task/bin/ffmpeg", "-v", "error", "-encoders").stdout
    for name in (" libx264 ", " aac ", " libx265 ", " libvpx-vp9 "):
        assert name in encoders


def test_a_chunk_is_rendered_in_an_empty_root(package, namespaces, tmp_path, media):
    root = package
    # The store is the emulator's; its own renderers get no events.
    catalogue = json.loads((ROOT / "infra/functions.json").read_text())
    for function in catalogue["functions"]:
        if function["name"] in ("render-chunk", "stitch-export", "sweep"):
            function.pop("objectEvents", None), function.pop("schedule", None)
    functions = tmp_path / "functions.json"
    functions.write_text(json.dumps(catalogue))
    emulator = Emulator(tmp_path / "data", functions=functions).start()
    try:
        asset = emulator.upload(media / "a.mp4", "video/mp4")
        job = emulator.start_export(single(asset, 3, size={"width": 320, "height": 180}))
        store = s3_client(emulator)
        key = next(
            o["Key"]
            for o in store.list_objects_v2(Bucket="spool", Prefix="exports/")["Contents"]
            if o["Key"].endswith(".chunk.json") and "audio" not in o["Key"]
        )
        api = RuntimeAPI(
            {
                "Records": [
                    {
                        "eventVersion": "2.1",
                        "eventSource": "aws:s3",
                        "eventName": "ObjectCreated:Put",
                        "s3": {
                            "bucket": {"name": "spool"},
                            "object": {"key": key, "size": 1, "eTag": "e", "sequencer": "1"},
                        },
                    }
                ]
            }
        )
        template = json.loads((ROOT / "infra/aws/spool.template.json").read_text())
        variables = template["Resources"]["RenderChunk"]["Properties"]["Environment"]["Variables"]
        environment = {k: v for k, v in variables.items() if isinstance(v, str)} | {
            "_HANDLER": "render-chunk",
            "AWS_REGION": "us-east-1",
            "TMPDIR": "/tmp",
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "render-chunk",
            "SPOOL_BUCKET": "spool",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
            "AWS_ACCESS_KEY_ID": "spool",
            "AWS_SECRET_ACCESS_KEY": "spool-secret",
            "AWS_ENDPOINT_URL_S3": emulator.s3,
        }
        process = subprocess.Popen(
            ["unshare", "-Urm", "/bin/sh", "-c", ENTER, "sh", root, "/var/task/bootstrap"],
            env=environment | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert api.ended.wait(60), "no response arrived"
        process.kill()
        log = process.communicate()[1]
        assert api.answer[0].endswith("/invocation/r-1/response"), (api.answer, log)
        receipt = json.loads(
            store.get_object(
                Bucket="spool",
                Key=key.replace("requests/", "receipts/").replace(".chunk.json", ".json"),
            )["Body"].read()
        )
        assert (receipt["frames"], receipt["cached"]) == (90, False)
        chunk = tmp_path / "chunk.mp4"
        store.download_file("spool", receipt["key"], str(chunk))
        assert len(frame_hashes(chunk)) == 90
        assert list((root / "tmp").iterdir()) == [] or all(
            p.name.startswith("spool-fontconfig") for p in (root / "tmp").iterdir()
        )
        assert job in key
    finally:
        emulator.stop()


def test_the_bill_of_materials_names_every_file_and_its_version(package):
    document = json.loads((package / "var/task/spool.spdx.json").read_text())

    packages = {entry["name"]: entry for entry in document["packages"]}
    names = {entry["fileName"] for entry in document["files"]}
    task = package / "var/task"
    files = {f"./{path.relative_to(task)}" for path in task.rglob("*") if path.is_file()}
    owners = {
        relation["relatedSpdxElement"]: relation["spdxElementId"]
        for relation in document["relationships"]
        if relation["relatedSpdxElement"].startswith("SPDXRef-file-")
    }
    assert document["spdxVersion"] == "SPDX-2.3"
    assert names == files - {"./spool.spdx.json"}
    installed = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", "ffmpeg"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert packages["ffmpeg"]["versionInfo"] == installed
    assert owners["SPDXRef-file-bin-ffmpeg"] == "SPDXRef-debian-ffmpeg"
    assert owners["SPDXRef-file-bootstrap"] == "SPDXRef-spool"
    assert {"libc6", "libavcodec59", "libcurl4"} <= set(packages)
