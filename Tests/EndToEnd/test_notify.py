"""Webhooks and e-mail of a running emulator, received by real servers."""

import collections
import email
import email.policy
import json
import random
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiosmtpd.controller import Controller
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

import store_clients
from conftest import single, wait_until
from emulator_process import ROOT, Emulator, http
from webhook_receiver import ENDPOINTS, Receiver, deliveries, register, tick


@pytest.fixture
def receiver():
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture
def notifying(tmp_path):
    """An emulator that may send to this machine, with all retries within seconds."""
    running = Emulator(
        tmp_path / "data",
        SPOOL_WEBHOOK_ALLOW="127.0.0.1",
        SPOOL_WEBHOOK_RETRY_SCALE="0.0001",
    ).start()
    yield running
    if running.process.poll() is None:
        running.stop()


def end_export(s3, number):
    """The result of an export that has ended, as the stitch writes it."""
    job = f"job_{1_700_000_000_000 + number}_{number:020d}"
    s3.put_object(
        Bucket="spool",
        Key=f"exports/local/{job}/result.json",
        Body=json.dumps(
            {
                "version": 1,
                "outcome": "failed",
                "finishedAtMilliseconds": 1_700_000_000_000 + number,
                "error": "test",
            }
        ),
    )
    return job


def test_a_webhook_is_verified_by_the_standard_library_also_through_a_rotation(
    notifying, receiver, media
):
    endpoint = register(notifying, receiver.url + "/hook", "export.completed", "asset.ready")
    asset = notifying.upload(media / "a.mp4")
    edit = single(asset, 1) | {
        "callback": {
            "url": receiver.url + "/callback",
            "secretRef": endpoint["id"],
            "data": {"orderId": 7},
        }
    }
    job = notifying.start_export(edit)
    notifying.wait(job)
    wait_until("three webhooks", lambda: len(receiver.requests) == 3)
    for request in receiver.requests:
        Webhook(endpoint["secret"]).verify(request["body"], request["headers"])
    by_path = {request["path"]: json.loads(request["body"]) for request in receiver.requests[1:]}
    assert by_path["/callback"]["data"]["callback"] == {"orderId": 7}
    assert by_path["/hook"]["data"]["jobId"] == job
    output = by_path["/hook"]["data"]["output"]
    assert len(http("GET", output["downloadUrl"]).body) == output["bytes"]

    path = f"{ENDPOINTS}/{endpoint['id']}"
    rotated = notifying.call("POST", path + "/rotate").json()
    tested = notifying.call("POST", path + "/test").json()
    assert tested["state"] == "delivered", tested
    last = receiver.requests[-1]
    for secret in (endpoint["secret"], rotated["secret"]):
        Webhook(secret).verify(last["body"], last["headers"])
    notifying.call("POST", path + "/rotate", {"overlapSeconds": 0})
    notifying.call("POST", path + "/test")
    last = receiver.requests[-1]
    for secret in (endpoint["secret"], rotated["secret"]):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(last["body"], last["headers"])


def test_a_thousand_deliveries_arrive_at_a_receiver_that_fails_half_of_the_time(notifying):
    outcomes = collections.defaultdict(list)
    lock = threading.Lock()

    def answer(request):
        with lock:
            status = random.choice([204, 500])
            outcomes[request["headers"]["webhook-id"]].append(status)
            return status

    receiver = Receiver(answer=answer)
    register(notifying, receiver.url, "export.failed")
    s3 = store_clients.s3_client(notifying)
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda number: end_export(s3, number), range(1_000)))

    def arrived():
        tick(notifying)
        return sum(204 in found for found in list(outcomes.values())) == 1_000

    # A delivery that fails seven times is requested again, as its owner would.
    def settled():
        if arrived():
            return True
        for failed in deliveries(notifying, state="failed"):
            notifying.call("POST", f"/api/webhooks/deliveries/{failed['id']}/redeliver")
        return False

    wait_until("1,000 deliveries", settled, 150)
    wait_until(
        "the log of every delivery",
        lambda: len(deliveries(notifying, state="delivered")) == 1_000,
    )
    log = deliveries(notifying)
    assert {entry["subject"] for entry in log} == set(jobs)
    for entry in log:
        statuses = [attempt["status"] for attempt in entry["attempts"] if "status" in attempt]
        assert statuses == outcomes[entry["id"]], "the log has the attempts in their order"
        times = [attempt["at"] for attempt in entry["attempts"]]
        assert times == sorted(times)
    receiver.stop()


def test_a_killed_emulator_loses_no_delivery_and_gives_none_up(tmp_path):
    receiver = Receiver(answer=lambda _: time.sleep(0.05) or 204)
    settings = {"SPOOL_WEBHOOK_ALLOW": "127.0.0.1", "SPOOL_WEBHOOK_RETRY_SCALE": "0.001"}
    running = Emulator(tmp_path / "data", **settings).start()
    register(running, receiver.url, "export.failed")
    s3 = store_clients.s3_client(running)
    jobs = [end_export(s3, number) for number in range(100)]
    for count in (10, 40):
        wait_until(f"{count} deliveries", lambda count=count: len(set(receiver.ids())) >= count)
        running.kill()
        running = Emulator(tmp_path / "data", **settings).start()

    def settled():
        tick(running)
        return len(deliveries(running, state="delivered")) == len(jobs)

    # A claim of the killed process ends after 30 seconds.
    wait_until("every delivery", settled, 90)
    assert not deliveries(running, state="failed")
    assert len(set(receiver.ids())) == len(jobs)
    running.stop()
    receiver.stop()


def test_no_request_reaches_an_address_inside_by_name_or_by_redirect(tmp_path, receiver):
    inside = Receiver()
    redirecting = Receiver(
        host="127.0.0.2", answer=lambda _: (302, {"Location": inside.url + "/secret"})
    )
    running = Emulator(tmp_path / "data", SPOOL_WEBHOOK_ALLOW="127.0.0.2").start()
    for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"):
        answer = running.call(
            "POST", ENDPOINTS, {"url": f"http://{host}:{inside.port}/", "events": []}
        )
        assert answer.status == 400 and "/url" in answer.body.decode()

    def attempt(url):
        endpoint = register(running, url)
        return running.call("POST", f"{ENDPOINTS}/{endpoint['id']}/test").json()

    # Names, and forms of numbers that only the resolver understands.
    for host in ("localhost", socket.gethostname(), "2130706433", "0x7f.1", "127.1", "0"):
        delivery = attempt(f"http://{host}:{inside.port}/")
        assert delivery["state"] in ("failed", "pending"), host
        assert "status" not in delivery["attempts"][0], host
    # The store listens on the same machine, and the function has connections to it.
    store = running.s3.replace("127.0.0.1", "localhost")
    assert "status" not in attempt(store + "/spool/x")["attempts"][0]

    delivery = attempt(redirecting.url)
    assert delivery["attempts"][0]["status"] == 302
    assert not inside.requests
    assert len(redirecting.requests) == 1
    running.stop()
    inside.stop()
    redirecting.stop()


def test_a_name_whose_address_changes_reaches_no_address_inside(tmp_path):
    """DNS rebinding: some lookups of the name give an address that is not permitted."""
    shim = tmp_path / "resolver.so"
    source = ROOT / "Tests/EndToEnd/resolver_shim.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    catalogue = json.loads((ROOT / "infra/functions.json").read_text())
    for function in catalogue["functions"]:
        if function["name"] == "webhooks":
            function["environment"] = {"LD_PRELOAD": str(shim)}
    (tmp_path / "functions.json").write_text(json.dumps(catalogue))
    permitted = Receiver(host="127.0.0.2")
    inside = Receiver(port=permitted.port)
    running = Emulator(
        tmp_path / "data", tmp_path / "functions.json", SPOOL_WEBHOOK_ALLOW="127.0.0.2"
    ).start()
    # libcurl keeps an address for a minute, so each request has a name of its own.
    urls = [f"http://r{number}.rebind.example:{permitted.port}/" for number in range(8)]
    endpoints = [register(running, url)["id"] for url in urls]

    answers = [
        running.call("POST", f"{ENDPOINTS}/{endpoint}/test").json()["attempts"][0]
        for endpoint in endpoints
    ]

    statuses = [answer.get("status") for answer in answers]
    assert statuses.count(204) == len(permitted.requests) > 0, answers
    assert None in statuses, "no lookup gave the address inside"
    assert not inside.requests
    running.stop()
    permitted.stop()
    inside.stop()


class Mailbox:
    def __init__(self, refusals=0):
        self.messages, self.refusals = [], refusals

    async def handle_DATA(self, server, session, envelope):
        if self.refusals:
            self.refusals -= 1
            return "451 Try again later"
        self.messages.append(envelope)
        return "250 OK"


def test_mail_is_sent_when_the_edit_asks_and_again_after_a_refusal(tmp_path, media):
    mailbox = Mailbox(refusals=1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    running = Emulator(
        tmp_path / "data",
        SPOOL_SMTP_URL=f"smtp://127.0.0.1:{port}",
        SPOOL_SMTP_TLS="off",
        SPOOL_MAIL_FROM="Spööl <spool@example.org>",
        SPOOL_MAIL_TEMPLATES=str(ROOT / "mail-templates"),
        SPOOL_WEBHOOK_RETRY_SCALE="0.001",
    ).start()
    asset = running.upload(media / "a.mp4")
    job = running.start_export(
        single(asset, 1) | {"callback": {"email": "kunde@example.com", "language": "de"}}
    )
    assert running.wait(job)["state"] == "completed"

    def arrived():
        tick(running)
        return mailbox.messages

    envelope = wait_until("the message", arrived)[0]
    assert envelope.mail_from == "spool@example.org"
    assert envelope.rcpt_tos == ["kunde@example.com"]
    message = email.message_from_bytes(envelope.content, policy=email.policy.default)
    assert message["Subject"] == "Ihr Video ist fertig"
    assert message["From"] == "Spööl <spool@example.org>"
    assert message.get_content_type() == "multipart/alternative"
    text = message.get_body(("plain",)).get_content()
    assert job in text and "http" in text
    assert "<a href=" in message.get_body(("html",)).get_content()
    [entry] = deliveries(running)
    assert [attempt["status"] for attempt in entry["attempts"]] == [451, 250]
    assert message["Message-ID"].startswith(f"<{entry['id']}@")
    running.stop()
    controller.stop()


def test_mail_goes_through_a_provider(tmp_path):
    provider = Receiver(answer=lambda _: 200)
    provider_url = provider.url + "/emails"
    # The provider is the operator's: no address rules apply to it.
    running = Emulator(
        tmp_path / "data",
        SPOOL_MAIL_API_URL=provider_url,
        SPOOL_MAIL_API_KEY="re_key",
        SPOOL_MAIL_FROM="spool@example.org",
        SPOOL_MAIL_TEMPLATES=str(ROOT / "mail-templates"),
    ).start()
    endpoint = register(
        running, None, "export.failed", type="email", email="a@example.com", language="en"
    )
    end_export(store_clients.s3_client(running), 1)
    wait_until("the request to the provider", lambda: provider.requests)
    request = provider.requests[0]
    body = json.loads(request["body"])
    assert body["to"] == ["a@example.com"] and body["subject"] == "Your video could not be made"
    headers = {name.lower(): value for name, value in request["headers"].items()}
    assert headers["authorization"] == "Bearer re_key"
    assert headers["idempotency-key"].startswith("msg_")
    assert "secret" not in endpoint
    running.stop()
    provider.stop()


def test_webhooks_block_no_export(tmp_path, media):
    """A receiver that never answers delays neither exports nor another receiver."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen(64)
    quick = Receiver()
    running = Emulator(tmp_path / "data", SPOOL_WEBHOOK_ALLOW="127.0.0.1").start()
    register(running, f"http://127.0.0.1:{silent.getsockname()[1]}/", "export.completed")
    register(running, quick.url, "export.completed")
    asset = running.upload(media / "a.mp4")
    jobs = [running.start_export(single(asset, 1 + 0.1 * count)) for count in range(6)]
    assert all(running.wait(job)["state"] == "completed" for job in jobs)
    wait_until("the quick receiver's webhooks", lambda: len(set(quick.ids())) == len(jobs), 60)
    running.kill()
    silent.close()
    quick.stop()
