"""The built emulator as a process, and an HTTP client for its API."""

import json
import os
import pathlib
import re
import signal
import subprocess
import urllib.error
import urllib.request

from waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("SPOOL_BIN", ROOT / ".build/debug")).absolute()


class Answer:
    """Status, headers and body of an HTTP response."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def http(method, url, body=None, headers=None):
    data = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
    request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
    if data is not None and not request.has_header("Content-type"):
        request.add_header("Content-type", "application/json")
    try:
        with OPENER.open(request, timeout=120) as answer:
            return Answer(answer.status, answer.headers, answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def log_record(line):
    """A line of the log as a record; a line that is not JSON becomes its message."""
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    return record if isinstance(record, dict) else {"message": line}


class Emulator:
    """One running local-emulator on a data folder."""

    def __init__(
        self, data, functions=None, arguments=(), bootstrap=None, prefix=(), **environment
    ):
        # The prefix is a program that starts the emulator, for instance with limits.
        self.prefix = prefix
        self.data, self.environment, self.process = pathlib.Path(data), environment, None
        self.functions = functions or ROOT / "infra/functions.json"
        self.bootstrap, self.arguments = bootstrap or BIN / "bootstrap", arguments

    def start(self):
        self.data.mkdir(parents=True, exist_ok=True)
        self.log = open(self.data.parent / f"{self.data.name}.log", "ab")
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AWS_", "SPOOL_"))
        } | self.environment
        if "SPOOL_FFMPEG" in environment:
            # A program of the tests is a script, which starts processes.
            environment.setdefault("SPOOL_CONFINEMENT", "off")
        self.process = subprocess.Popen(
            [
                *self.prefix,
                BIN / "local-emulator",
                "--data",
                self.data,
                "--port",
                "0",
                "--s3-port",
                "0",
                "--functions",
                self.functions,
                "--bootstrap",
                self.bootstrap,
                "--console",
                ROOT / "local-emulator/Console",
                *self.arguments,
            ],
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env=environment,
        )
        self.ready_line = self.process.stdout.readline()
        urls = re.findall(r"http://[^\s]+", self.ready_line)
        assert len(urls) >= 2, f"no ready line, but {self.ready_line!r}: see {self.log.name}"
        self.api, self.s3 = urls[0].rstrip("/"), urls[1].rstrip("/")
        return self

    @property
    def secrets(self):
        """The store's keys and the operator's token, as an operator finds them."""
        made = {}
        file = self.data / "secrets.env"
        # Without tokens the published keys are the client's, and the made ones the functions'.
        is_open = not any(
            name in self.environment
            for name in ("SPOOL_TOKENS", "AUTH_PASSWORD", "SPOOL_JWT_SECRET", "SPOOL_JWT_JWKS_URL")
        )
        if file.exists() and not is_open:
            made = dict(line.split("=", 1) for line in file.read_text().splitlines())
        published = {"AWS_ACCESS_KEY_ID": "spool", "AWS_SECRET_ACCESS_KEY": "spool-secret"}
        return published | made | self.environment

    @property
    def keys(self):
        """The store's keys as boto3's arguments."""
        return {
            "aws_access_key_id": self.secrets["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": self.secrets["AWS_SECRET_ACCESS_KEY"],
        }

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        # --help promises ten seconds.
        status = self.process.wait(timeout=10)
        self.log.close()
        return status

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)
        self.log.close()

    def call(self, method, path, body=None, token=None):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http(method, self.api + path, body, headers)

    def wait_derived(self, assets, seconds=900):
        """Waits until proxies, thumbnails and waveforms of the assets are made or have failed."""

        def settled(asset):
            return (
                "pending"
                not in self.call("GET", f"/api/assets/{asset}").json()["derivatives"].values()
            )

        for asset in assets:
            wait_until(f"what is derived of {asset}", lambda a=asset: settled(a), seconds)

    def upload(self, path, content_type="video/mp4", token=None):
        """Uploads as a browser does and returns the asset's ID."""
        path = pathlib.Path(path)
        grant = self.call(
            "POST",
            "/api/upload/init",
            {
                "filename": path.name,
                "contentType": content_type,
                "size": path.stat().st_size,
            },
            token,
        ).json()
        body = {"assetId": grant["assetId"]}
        if grant["method"] == "MULTIPART":
            body["parts"] = []
            with open(path, "rb") as file:
                for part in grant["parts"]:
                    put = http(
                        "PUT",
                        part["url"],
                        file.read(grant["partSize"]),
                        {"Content-Type": "application/octet-stream"},
                    )
                    assert put.status == 200, put.body
                    body["parts"].append(
                        {"partNumber": part["partNumber"], "etag": put.headers["ETag"]}
                    )
        else:
            put = http(grant["method"], grant["uploadUrl"], path.read_bytes(), grant["headers"])
            assert put.status == 200, put.body
        done = self.call("POST", "/api/upload/complete", body, token)
        assert done.status == 200, done.body
        return grant["assetId"]

    def start_export(self, edit, token=None):
        answer = self.call("POST", "/api/export", edit, token)
        assert answer.status == 202, answer.body
        return answer.json()["jobId"]

    def status(self, job, token=None):
        return self.call("GET", f"/api/export/{job}/status", token=token).json()

    def wait(self, job, seconds=180, token=None):
        """Polls until the export has ended; its progress never decreases."""
        last = -1

        def ended():
            nonlocal last
            status = self.status(job, token)
            if status["state"] in ("completed", "failed", "cancelled"):
                return status
            assert status["progress"] >= last, "progress went back"
            last = status["progress"]
            return None

        return wait_until(f"the end of export {job}", ended, seconds)

    def log_records(self):
        """The log so far: the emulator's own records, and those of its functions."""
        records = []
        for line in (self.data.parent / f"{self.data.name}.log").read_text().splitlines():
            record = log_record(line)
            records.append(log_record(record["line"]) if "line" in record else record)
        return records

    def download(self, status, path):
        answer = http("GET", status["downloadUrl"])
        assert answer.status == 200
        pathlib.Path(path).write_bytes(answer.body)
        assert len(answer.body) == status["size"]
        return pathlib.Path(path)


class Gate:
    """An FFmpeg that waits while its arguments contain the held words.

    What must happen in the middle of an export then does, however fast or slow
    the machine is, and in whatever order its chunks come.
    """

    def __init__(self, folder):
        self.program, self.held = folder / "held-ffmpeg", folder / "held"
        self.program.write_text(f"""#!/bin/sh
while [ -e '{self.held}' ]; do
    case "$*" in *"$(cat '{self.held}' 2>/dev/null || echo none)"*) sleep 0.05 ;; *) break ;; esac
done
exec /usr/bin/ffmpeg "$@"
""")
        self.program.chmod(0o755)

    def hold(self, words):
        self.held.write_text(words)

    def open(self):
        self.held.unlink()

    def processes(self):
        """IDs of the processes that wait at the gate."""
        found = subprocess.run(
            ["pgrep", "-f", f"^/bin/sh {self.program} .*{re.escape(self.held.read_text())}"],
            check=False,
            capture_output=True,
            text=True,
        )
        return set(found.stdout.split())
