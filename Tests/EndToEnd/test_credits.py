"""Credits of a running emulator: the ledger and the exports agree, also after kills and outages."""

import contextlib
import datetime
import hashlib
import hmac
import json
import os
import random
import signal
import sqlite3
import subprocess
import time

import pytest
from standardwebhooks.webhooks import Webhook

from conftest import single, wait_until
from emulator_process import BIN, ROOT, Emulator, http

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
STRIPE_SECRET = "whsec_test_secret"
PLANS = {
    "version": 1,
    "currency": "USD",
    "creditsPerCostUnit": 1_000_000,
    "default": "free",
    "plans": {
        "free": {"credits": 1_000_000},
        "pro": {"credits": 500, "products": ["pdt_pro", "price_pro"]},
        "tiny": {"credits": 1},
    },
}
SETTINGS = {
    "SPOOL_PLANS": json.dumps(PLANS),
    "SPOOL_DODO_SECRETS": SECRET,
    "SPOOL_STRIPE_SECRETS": STRIPE_SECRET,
    "SPOOL_TOKENS": "t=local",
}


@contextlib.contextmanager
def postgres():
    """A PostgreSQL server in a temporary folder, or the database of SPOOL_DATABASE."""
    process = subprocess.Popen(
        [ROOT / "scripts/test-postgres"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        # Instances of functions have a /tmp of their own, without the server's socket.
        yield process, json.loads(process.stdout.readline())["tcp"]
    finally:
        process.stdin.close()
        process.wait(timeout=30)


def command(process, word):
    process.stdin.write(word + "\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


@contextlib.contextmanager
def running(folder, **environment):
    emulator = Emulator(folder / "data", **(SETTINGS | environment)).start()
    try:
        yield emulator
    finally:
        if emulator.process.poll() is None:
            emulator.stop()


def migrate(address):
    return subprocess.run(
        [BIN / "spool", "migrate", address], capture_output=True, text=True, check=True
    ).stdout


def balance(emulator):
    answer = emulator.call("GET", "/api/credits/local", token="t")
    assert answer.status == 200, answer.body
    return answer.json()


def history(emulator):
    entries, cursor = [], ""
    while True:
        page = emulator.call(
            "GET", f"/api/credits/local/history?limit=100{cursor}", token="t"
        ).json()
        entries += page["entries"]
        if "nextCursor" not in page:
            return entries
        cursor = f"&cursor={page['nextCursor']}"


def edit(asset):
    body = single(asset, 2)
    body["clientToken"] = random.randbytes(8).hex()
    return body


def start(emulator, body):
    answer = emulator.call("POST", "/api/export", body, token="t")
    assert answer.status == 202, answer.body
    return answer.json()["jobId"]


def state(emulator, job):
    return emulator.call("GET", f"/api/export/{job}/status", token="t").json()["status"]


def ended(emulator, job):
    return wait_until(
        f"the end of {job}",
        lambda: (found := state(emulator, job)) in ("completed", "failed", "cancelled") and found,
        120,
    )


def settled(emulator, jobs):
    """The ledger once no export holds credits: each job has one hold and one end."""

    def is_settled():
        invoke(emulator, "settle-credits")
        return balance(emulator)["held"] == 0

    wait_until("all holds to be settled", is_settled, 150)
    entries = history(emulator)
    for job, outcome in jobs.items():
        kinds = [entry["kind"] for entry in entries if entry["cause"] == job]
        assert sorted(kinds) == sorted(["hold", "settle" if outcome == "completed" else "refund"])
    assert {e["cause"] for e in entries if e["kind"] == "hold"} == set(jobs)
    total = 0
    for entry in reversed(entries):
        total += entry["amount"]
        assert entry["balance"] == total >= 0
    assert balance(emulator)["balance"] == total
    return entries


def invoke(emulator, name):
    path = f"/2015-03-31/functions/{name}/invocations"
    return http("POST", emulator.api + path, {})


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_exports_are_charged_once_although_functions_are_killed(tmp_path, media, kind):
    with contextlib.ExitStack() as stack:
        settings = {}
        if kind == "postgres":
            _, settings["SPOOL_DATABASE"] = stack.enter_context(postgres())
            assert "version" in migrate(settings["SPOOL_DATABASE"])
        emulator = stack.enter_context(running(tmp_path, **settings))
        asset = emulator.upload(media / "a.mp4", token="t")
        bodies = [edit(asset) for _ in range(8)]
        end = time.monotonic() + 8
        jobs, number = {}, 0
        while time.monotonic() < end or len(jobs) < len(bodies):
            # The same client token is the same job, also after a start that was killed.
            body = bodies[number % len(bodies)]
            number += 1
            answer = emulator.call("POST", "/api/export", body, token="t")
            if answer.status == 202:
                jobs[answer.json()["jobId"]] = None
            if number % 4 == 0 and jobs:
                # A DELETE of one that has ended would remove its result.
                cancelled = random.choice(list(jobs))
                emulator.call("POST", f"/api/export/{cancelled}/cancel", token="t")
            kill_one(emulator)
            time.sleep(0.1)
        for job in jobs:
            jobs[job] = end_now(emulator, job)
        assert len(jobs) == len(bodies)
        settled(emulator, jobs)


def end_now(emulator, job):
    """Cancels an export that lost its events rather than waiting for the sweep."""

    def is_ended():
        if (found := state(emulator, job)) in ("completed", "failed", "cancelled"):
            return found
        emulator.call("POST", f"/api/export/{job}/cancel", token="t")
        return None

    return wait_until(f"the end of {job}", is_ended)


def kill_one(emulator):
    """Kills one function process, whatever it does."""
    children = subprocess.run(
        ["pgrep", "-P", str(emulator.process.pid), "bootstrap"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    if children:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(random.choice(children)), signal.SIGKILL)


def test_exports_continue_while_the_database_is_down(tmp_path, media):
    with postgres() as (server, url):
        migrate(url)
        with running(tmp_path, SPOOL_DATABASE=url) as emulator:
            before = emulator.upload(media / "a.mp4", token="t")
            jobs = {start(emulator, edit(before)): None}
            assert balance(emulator)["held"] > 0
            command(server, "stop")
            asset = emulator.upload(media / "a.mp4", token="t")
            job = start(emulator, edit(asset))
            jobs[job] = None
            assert ended(emulator, job) == "completed"
            assert emulator.call("GET", f"/api/export/{job}/download", token="t").status in (
                200,
                302,
                307,
            )
            assert emulator.call("GET", "/api/credits/local", token="t").status == 503
            command(server, "start")
            for job in jobs:
                jobs[job] = ended(emulator, job)
            settled(emulator, jobs)


def test_a_small_balance_refuses_an_export(tmp_path, media):
    plans = PLANS | {"default": "tiny"}
    with running(tmp_path, SPOOL_PLANS=json.dumps(plans)) as emulator:
        asset = emulator.upload(media / "a.mp4", token="t")
        answer = emulator.call("POST", "/api/export", edit(asset), token="t")
        assert answer.status == 402
        assert answer.json()["balance"] == 1 < answer.json()["needed"]


def test_webhooks_of_providers_change_the_plan(tmp_path):
    now = datetime.datetime.now(datetime.UTC)
    event = {
        "type": "subscription.active",
        "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": {
            "subscription_id": "sub_1",
            "product_id": "pdt_pro",
            "next_billing_date": "2030-01-01T00:00:00Z",
            "metadata": {"workspace_id": "local"},
        },
    }
    body = json.dumps(event)
    signature = Webhook(SECRET).sign("msg_1", now, body)
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }
    with running(tmp_path) as emulator:
        url = emulator.api + "/api/payments/webhooks/"
        assert http("POST", url + "dodo", body.encode(), headers).json() == {"outcome": "created"}
        assert http("POST", url + "dodo", body.encode(), headers).json() == {"outcome": "created"}
        assert http("POST", url + "dodo", body.encode() + b" ", headers).status == 401
        found = balance(emulator)
        assert (found["plan"], found["balance"]) == ("pro", 500)

        deleted = json.dumps(
            {
                "id": "evt_1",
                "type": "customer.subscription.created",
                "created": int(now.timestamp()),
                "data": {"object": {"id": "sub_2", "status": "active", "metadata": {}}},
            }
        )
        seconds = str(int(now.timestamp()))
        code = hmac.new(
            STRIPE_SECRET.encode(), f"{seconds}.{deleted}".encode(), hashlib.sha256
        ).hexdigest()
        signed = {"Stripe-Signature": f"t={seconds},v1={code}"}
        answer = http("POST", url + "stripe", deleted.encode(), signed)
        assert answer.json() == {"outcome": "kept: no workspace"}


def test_processes_share_the_limit_of_an_address(tmp_path):
    limits = {"SPOOL_RATE_ADDRESS": "5", "SPOOL_RATE_CALLER": "100"}
    with running(tmp_path, **limits) as emulator:
        answers = [
            emulator.call("GET", path, token="t")
            for path in ["/api/projects", "/api/assets", "/api/exports", "/api/jobs"] * 2
        ]
        assert [a.status for a in answers].count(429) >= 2
        refused = next(a for a in answers if a.status == 429)
        assert int(refused.headers["Retry-After"]) >= 1
        assert refused.headers["RateLimit"].startswith('"address";r=0')
        assert emulator.call("GET", "/api/health").status == 200


def test_a_newer_database_is_refused(tmp_path):
    path = tmp_path / "a.sqlite"
    address = f"sqlite:{path}"
    assert migrate(address).startswith(f"{address}: the schema has version ")
    with sqlite3.connect(path) as database:
        database.execute("INSERT INTO schema_migrations VALUES(99, 'x', 'x', 0)")
    refused = subprocess.run(
        [BIN / "spool", "migrate", address], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert "its schema has version 99" in refused.stderr
