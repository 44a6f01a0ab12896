"""A front end in a browser: sign-up, the message's link, sign-in, and a passkey."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import sync_playwright

from account_service import PASSWORD, Accounts
from conftest import CHROMIUM
from waiting import wait_until

PAGE = """<!doctype html><title>app</title>
<form id=form><input name=email><input name=password type=password><input name=name>
<button id=up>Sign up</button><button id=in>Sign in</button></form><p id=state></p>
<script>
const say = text => document.getElementById("state").textContent = text;
const encode = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const decode = text => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), c => c.charCodeAt(0));
let token = null;
async function call(method, path, body) {
    const headers = {"content-type": "application/json"};
    if (token) headers.authorization = "Bearer " + token;
    const answer = await fetch(API + path, {method, headers, body: body && JSON.stringify(body)});
    const text = await answer.text();
    return {status: answer.status, body: text ? JSON.parse(text) : null};
}
async function enter(answer) {
    token = answer.body.token;
    say(token ? "signed in as " + (await call("GET", "/api/users/me")).body.email
        : "refused " + answer.status);
}
document.getElementById("form").addEventListener("submit", async event => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(event.target));
    if (event.submitter.id === "up") {
        say("sign-up " + (await call("POST", "/api/auth/sign-up", fields)).status);
    } else {
        await enter(await call("POST", "/api/auth/sign-in", fields));
    }
});
async function register() {
    const begun = (await call("POST", "/api/users/me/passkeys")).body, options = begun.publicKey;
    options.challenge = decode(options.challenge);
    options.user.id = decode(options.user.id);
    for (const entry of options.excludeCredentials) entry.id = decode(entry.id);
    const made = await navigator.credentials.create({publicKey: options});
    return call("POST", "/api/users/me/passkeys", {
        state: begun.state, name: "Laptop",
        clientDataJSON: encode(made.response.clientDataJSON),
        authenticatorData: encode(made.response.getAuthenticatorData())});
}
async function answer() {
    const begun = (await call("POST", "/api/auth/passkey")).body, options = begun.publicKey;
    options.challenge = decode(options.challenge);
    const made = await navigator.credentials.get({publicKey: options});
    return {state: begun.state, id: made.id,
        clientDataJSON: encode(made.response.clientDataJSON),
        authenticatorData: encode(made.response.authenticatorData),
        signature: encode(made.response.signature)};
}
addEventListener("DOMContentLoaded", async () => {
    const link = new URLSearchParams(location.hash.slice(1)).get("verify");
    if (link) {
        say("verified " + (await call("POST", "/api/auth/verify-email", {token: link})).status);
    }
});
</script>"""


class FrontEnd:
    """Serves the page on another origin than the API's."""

    def __init__(self):
        self.api = ""
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = PAGE.replace("<script>", f"<script>const API = '{front.api}';", 1).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def test_a_person_signs_up_and_in_by_password_and_passkey(tmp_path):
    front = FrontEnd()
    running = Accounts(tmp_path, SPOOL_APP_URL=front.url)
    front.api = running.emulator.api
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        page = browser.new_page()
        page.goto(front.url)

        def shows(text):
            wait_until(f"the page to show {text}", lambda: page.inner_text("#state") == text)

        page.fill("[name=email]", "ann@example.org")
        page.fill("[name=password]", PASSWORD)
        page.fill("[name=name]", "Ann")
        page.click("#up")
        shows("sign-up 202")
        page.click("#in")
        shows("refused 401")
        running.mailbox.token("ann@example.org")
        message = running.mailbox.to("ann@example.org")[0]
        html = message.get_body(("html",)).get_content()
        page.goto("about:blank")
        page.goto(re.search(r'href="([^"]+)"', html)[1])
        shows("verified 200")
        page.fill("[name=email]", "ann@example.org")
        page.fill("[name=password]", PASSWORD)
        page.click("#in")
        shows("signed in as ann@example.org")

        tools = page.context.new_cdp_session(page)
        tools.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
        options |= {"hasUserVerification": True, "isUserVerified": True}
        key = tools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        made = page.evaluate("register()")
        assert made["status"] == 201, made
        listed = page.evaluate("call('GET', '/api/users/me/passkeys')")["body"]["passkeys"]
        assert [entry["name"] for entry in listed] == ["Laptop"]
        page.evaluate("call('POST', '/api/auth/sign-out')")
        page.evaluate("token = null")

        page.evaluate("answer().then(a => call('POST', '/api/auth/passkey', a)).then(enter)")
        shows("signed in as ann@example.org")
        # Each part of the response counts, and each response once.
        sent = page.evaluate("answer()")
        assert running.call("POST", "/api/auth/passkey", sent).status == 200
        assert running.call("POST", "/api/auth/passkey", sent).status == 401
        for name in ("clientDataJSON", "authenticatorData", "signature", "id", "state"):
            sent = page.evaluate("answer()")
            place = len(sent[name]) // 2
            letter = "A" if sent[name][place] != "A" else "B"
            sent[name] = sent[name][:place] + letter + sent[name][place + 1 :]
            status = running.call("POST", "/api/auth/passkey", sent).status
            assert status in (400, 401), name
        # An authenticator that does not verify the person signs in no one.
        tools.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": key["authenticatorId"], "isUserVerified": False},
        )
        refused = page.evaluate("answer().then(() => 'signed', error => error.name)")
        assert refused == "NotAllowedError"
        browser.close()
    running.stop()
    front.server.shutdown()
    front.server.server_close()
