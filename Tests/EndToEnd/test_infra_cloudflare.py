"""The Worker that relays R2's notifications invokes the functions as S3 would."""

import json
import subprocess
import tomllib

import conftest
from conftest import ROOT
from waiting import wait_until


def run(emulator, messages, scheduled_time=None, **env):
    """The outcome of each message: ack or retry."""
    call = {
        "messages": messages,
        "scheduledTime": scheduled_time,
        "env": {
            "LAMBDA_ENDPOINT": emulator.api,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "spool",
            "AWS_SECRET_ACCESS_KEY": "spool-secret",
        }
        | env,
    }
    done = subprocess.run(
        ["node", "--no-warnings", ROOT / "Tests/EndToEnd/cloudflare_runtime.mjs"],
        input=json.dumps(call),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return json.loads(done.stdout)


def message(key, action="PutObject"):
    return {
        "account": "a",
        "action": action,
        "bucket": "spool",
        "object": {"key": key, "size": 1, "eTag": "d41d8cd98f00b204e9800998ecf8427e"},
        "eventTime": "2026-11-28T12:00:00.000Z",
    }


def test_each_message_reaches_its_function(shared):
    keys = {
        "complete-upload": "uploads/local/none/ä b.mp4",
        "render-chunk": "exports/local/job_1_none/requests/000000000-000000001.chunk.json",
        "stitch-export": "exports/local/job_1_none/requests/all.stitch.json",
    }
    outcomes = run(
        shared,
        [message(key) for key in keys.values()]
        + [message("cache/local/x.mp4"), message(keys["render-chunk"], "DeleteObject")],
        scheduled_time=1_795_867_200_000,
    )
    assert outcomes == ["ack"] * 5

    def reached():
        listed = conftest.http("GET", shared.api + "/console/api/invocations").json()
        return {each["function"] for each in listed["invocations"] if each["source"] == "invoke"}

    wait_until("an invocation of each function", lambda: set(keys) | {"sweep"} <= reached())


def test_a_refused_message_is_retried(shared):
    key = "exports/local/job_1_none/requests/all.stitch.json"
    assert run(shared, [message(key)], LAMBDA_ENDPOINT="http://127.0.0.1:9") == ["retry"]


def test_the_signature_is_verified(tmp_path):
    emulator = conftest.Emulator(tmp_path / "data", SPOOL_ADMIN_TOKEN="root").start()
    try:
        messages = [message("exports/local/job_1_none/requests/all.stitch.json")]
        assert run(emulator, messages) == ["ack"]
        assert run(emulator, messages, AWS_SECRET_ACCESS_KEY="another") == ["retry"]
    finally:
        emulator.stop()


def test_the_settings_name_the_worker_and_its_queue():
    settings = tomllib.loads((ROOT / "infra/cloudflare/wrangler.toml").read_text())
    assert (ROOT / "infra/cloudflare" / settings["main"]).is_file()
    assert settings["queues"]["consumers"][0]["queue"]
    assert settings["triggers"]["crons"] == ["* * * * *"]
