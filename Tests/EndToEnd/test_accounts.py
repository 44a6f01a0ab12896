"""Accounts and workspaces of a running emulator, with a real mail server and a real issuer."""

import base64
import hashlib
import json
import urllib.parse

import oidc_provider_mock
import pytest

import store_clients
from account_service import PASSWORD, Accounts, totp
from conftest import single
from emulator_process import http
from waiting import wait_until


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    running = Accounts(tmp_path_factory.mktemp("accounts"))
    yield running
    running.stop()


def test_sign_up_verify_sign_in_and_export(accounts, media, tmp_path):
    body = {"email": "Ann@Example.org", "password": PASSWORD, "name": "Ann", "language": "de"}
    answer = accounts.call("POST", "/api/auth/sign-up", body)
    assert (answer.status, answer.json()) == (202, {"status": "verification-sent"})
    # Before the address is verified there is no account.
    assert accounts.sign_in("ann").status == 401
    token = accounts.mailbox.token("ann@example.org")
    assert accounts.mailbox.to("ann@example.org")[0]["Subject"].startswith("Bestätigen")
    for _ in range(2):
        answer = accounts.call("POST", "/api/auth/verify-email", {"token": token})
        assert (answer.status, answer.json()["email"]) == (200, "ann@example.org")
    answer = accounts.sign_in("ann")
    assert answer.status == 200, answer.body
    cookie = answer.headers["Set-Cookie"]
    for word in ("spool-session=spool_ses_", "HttpOnly", "Secure", "SameSite=Lax", "Path=/"):
        assert word in cookie, cookie
    session = answer.json()["token"]
    me = accounts.me(session).json()
    assert (me["email"], me["name"], me["role"]) == ("ann@example.org", "Ann", "user")
    [workspace] = me["workspaces"]
    assert (workspace["role"], workspace["slug"], workspace["plan"]) == ("owner", "ann", "free")
    # Media belongs to the workspace.
    asset = accounts.emulator.upload(media / "a.mp4", token=session)
    assert asset.startswith(workspace["id"])
    job = accounts.emulator.start_export(single(asset, 1), session)
    status = accounts.emulator.wait(job, token=session)
    assert status["state"] == "completed"
    accounts.emulator.download(status, tmp_path / "out.mp4")
    assert accounts.call("GET", f"/api/export/{job}/status", token="static").status == 403
    # The cookie alone signs in; another site's page changes nothing with it.
    value = cookie.split(";")[0]
    base = accounts.emulator.api
    assert http("GET", f"{base}/api/users/me", headers={"Cookie": value}).status == 200
    foreign = {"Cookie": value, "Origin": "https://evil.example"}
    assert http("POST", f"{base}/api/auth/sign-out", {}, foreign).status == 403


def test_no_answer_reveals_an_account(accounts):
    accounts.person("known")
    for path, fields in (
        ("sign-up", {"password": PASSWORD, "name": "x"}),
        ("forgot-password", {}),
        ("sign-in", {"password": "a wrong password"}),
    ):
        answers = []
        for name in ("known", "unknown"):
            body = {"email": f"{name}@example.org"} | fields
            answer = accounts.call("POST", f"/api/auth/{path}", body)
            answers.append((answer.status, answer.body))
        assert answers[0] == answers[1], path
    # The owner of the address learns of it.
    wait_until(
        "the message about the account",
        lambda: any(
            message["Subject"] == "You have an account already"
            for message in accounts.mailbox.to("known@example.org")
        ),
    )
    # The second sign-up has not changed the password.
    assert accounts.sign_in("known").status == 200


def test_ten_wrong_passwords_pause_an_address_with_or_without_an_account(accounts):
    accounts.person("guessed")
    for name in ("guessed", "absent"):
        statuses = [accounts.sign_in(name, "wrong password").status for _ in range(11)]
        assert statuses == [401] * 10 + [429], name
    answer = accounts.sign_in("guessed")
    assert answer.status == 429 and 0 < int(answer.headers["Retry-After"]) <= 900


def test_bad_fields_are_named(accounts):
    body = {"email": "no address", "password": "short", "name": ""}
    answer = accounts.call("POST", "/api/auth/sign-up", body)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in answer.json()["errors"]] == [
        "/email",
        "/name",
        "/password",
    ]
    assert accounts.call("GET", "/api/auth/sign-up").status == 405
    assert accounts.call("POST", "/api/auth/sign-in", {"email": "a@b.example"}).status == 400


def test_a_reset_password_ends_every_session_once(accounts):
    session = accounts.person("forgetful")
    accounts.call("POST", "/api/auth/forgot-password", {"email": "forgetful@example.org"})
    token = accounts.mailbox.token("forgetful@example.org", 2)
    body = {"token": token, "password": "another long password"}
    assert accounts.call("POST", "/api/auth/reset-password", body).status == 200
    assert accounts.call("POST", "/api/auth/reset-password", body).status == 400
    assert accounts.me(session).status == 401
    assert accounts.sign_in("forgetful").status == 401
    assert accounts.sign_in("forgetful", "another long password").status == 200


def test_sessions_rotate_and_end(accounts):
    first = accounts.person("mobile")
    other = accounts.sign_in("mobile").json()["token"]
    answer = accounts.call("POST", "/api/auth/refresh", token=first)
    new = answer.json()["token"]
    # The old token is accepted for a minute, by requests that were under way.
    assert new != first and accounts.me(new).status == accounts.me(first).status == 200
    assert accounts.call("POST", "/api/auth/refresh", token=first).status == 409
    assert len(accounts.call("GET", "/api/users/me/sessions", token=new).json()["sessions"]) == 2
    assert accounts.call("POST", "/api/auth/sign-out", token=new).status == 204
    assert (accounts.me(new).status, accounts.me(first).status) == (401, 401)
    assert accounts.me(other).status == 200
    third = accounts.sign_in("mobile").json()["token"]
    body = {"everywhere": True}
    assert accounts.call("POST", "/api/auth/sign-out", body, third).status == 204
    assert (accounts.me(other).status, accounts.me(third).status) == (401, 401)


def test_a_profile_is_changed_and_onboarded(accounts):
    session = accounts.person("profile")
    change = {"name": "Pro File", "language": "de"}
    answer = accounts.call("PATCH", "/api/users/me", change, session)
    assert answer.status == 200 and answer.json()["name"] == "Pro File"
    answer = accounts.call("PATCH", "/api/users/me", {"role": "admin"}, session)
    assert answer.status == 400 and answer.json()["errors"][0]["pointer"] == "/role"
    assert not accounts.me(session).json()["onboarded"]
    body = {"answers": {"use": "clips"}}
    assert accounts.call("POST", "/api/users/me/onboarding", body, session).status == 200
    me = accounts.me(session).json()
    assert me["onboarded"] and me["onboarding"] == {"use": "clips"}
    body = {"currentPassword": "wrong one", "password": "a new long password"}
    assert accounts.call("POST", "/api/users/me/password", body, session).status == 401
    body["currentPassword"] = PASSWORD
    assert accounts.call("POST", "/api/users/me/password", body, session).status == 200
    assert accounts.sign_in("profile", "a new long password").status == 200


def test_a_second_factor_by_codes_each_once(accounts):
    session = accounts.person("careful")
    path = "/api/users/me/two-factor"
    assert accounts.call("POST", path, {"password": "wrong one"}, session).status == 401
    secret = accounts.call("POST", path, {"password": PASSWORD}, session).json()["secret"]
    assert accounts.call("POST", f"{path}/confirm", {"code": "000000"}, session).status == 401
    answer = accounts.call("POST", f"{path}/confirm", {"code": totp(secret, -1)}, session)
    codes = answer.json()["recoveryCodes"]
    assert len(set(codes)) == 10

    def challenge():
        answer = accounts.sign_in("careful").json()
        assert answer["twoFactorRequired"] and "token" not in answer
        return answer["challenge"]

    def enter(challenge, code):
        body = {"challenge": challenge, "code": code}
        return accounts.call("POST", "/api/auth/two-factor", body)

    used = totp(secret)
    asked = challenge()
    assert enter(asked, "000000").status == 401
    answer = enter(asked, used)
    assert answer.status == 200 and accounts.me(answer.json()["token"]).status == 200
    # Neither the challenge nor the code works again, nor does an older code.
    assert enter(asked, totp(secret, 1)).status == 401
    assert enter(challenge(), used).status == 401
    asked = challenge()
    assert enter(asked, totp(secret, -1)).status == 401
    assert enter(asked, codes[0].upper()).status == 200
    assert enter(challenge(), codes[0]).status == 401
    asked = challenge()
    statuses = [enter(asked, "111111").status for _ in range(5)] + [enter(asked, codes[1]).status]
    assert statuses == [401] * 6
    assert accounts.call("DELETE", path, {"code": codes[2]}, session).status == 204
    assert "token" in accounts.sign_in("careful").json()
    # The secret is not in the database as it is.
    for file in accounts.folder.glob("accounts.sqlite*"):
        assert base64.b32decode(secret) not in file.read_bytes()


def test_api_keys_have_scopes_and_change_no_account(accounts):
    session = accounts.person("robot")

    def make(**fields):
        body = {"name": "ci"} | fields
        return accounts.call("POST", "/api/users/me/api-keys", body, session)

    assert make(scopes=["all"]).status == 400
    reader, full = make(scopes=["read"]).json(), make().json()
    assert reader["key"].startswith("spool_key_")
    assert accounts.call("GET", "/api/exports", token=reader["key"]).status == 200
    upload = {"filename": "a.mp4", "contentType": "video/mp4", "size": 4}
    answer = accounts.call("POST", "/api/upload/init", upload, reader["key"])
    assert (answer.status, answer.json()["error"]) == (403, "Insufficient scope")
    grant = accounts.call("POST", "/api/upload/init", upload, full["key"])
    assert grant.json()["assetId"].startswith(full["workspaceId"])
    for method, path in (
        ("PATCH", "/api/users/me"),
        ("POST", "/api/users/me/api-keys"),
        ("POST", "/api/workspaces"),
    ):
        answer = accounts.call(method, path, {"name": "x"}, full["key"])
        assert answer.status == 403, path
    listed = accounts.call("GET", "/api/users/me/api-keys", token=session).json()["keys"]
    assert len(listed) == 2 and all("key" not in entry for entry in listed)
    path = f"/api/users/me/api-keys/{reader['id']}"
    assert accounts.call("DELETE", path, token=session).status == 204
    assert accounts.call("GET", "/api/exports", token=reader["key"]).status == 401
    changed = full["key"][:-1] + ("0" if full["key"][-1] != "0" else "1")
    assert accounts.call("GET", "/api/exports", token=changed).status == 401


def test_members_are_invited_promoted_and_removed(accounts):
    owner, guest = accounts.person("olga"), accounts.person("gus")
    stranger = accounts.person("stranger")
    answer = accounts.call("POST", "/api/workspaces", {"name": "Olga's team"}, owner)
    assert answer.status == 201, answer.body
    workspace = answer.json()
    path = f"/api/workspaces/{workspace['id']}"
    assert workspace["slug"] == "olga-s-team"
    for body, pointer in (({"slug": "Not good"}, "/slug"), ({"plan": "pro"}, "/plan")):
        answer = accounts.call("PATCH", path, body, owner)
        assert answer.status == 400 and answer.json()["errors"][0]["pointer"] == pointer
    assert accounts.call("PATCH", path, {"slug": "olga"}, owner).status == 409
    assert accounts.call("PATCH", path, {"slug": "team-o"}, owner).json()["slug"] == "team-o"
    # A stranger cannot tell it from one that does not exist.
    answers = [
        accounts.call("GET", f"/api/workspaces/{name}", token=guest)
        for name in ("team-o", "no-one")
    ]
    assert [a.status for a in answers] == [404, 404] and answers[0].body == answers[1].body

    body = {"email": "gus@example.org", "role": "member"}
    answer = accounts.call("POST", f"{path}/invitations", body, owner)
    assert answer.status == 201 and answer.json()["status"] == "pending"
    token = accounts.mailbox.token("gus@example.org", 2)
    assert (
        accounts.call("POST", "/api/invitations/accept", {"token": token}, stranger).status == 403
    )
    answer = accounts.call("POST", "/api/invitations/accept", {"token": token}, guest)
    assert (answer.status, answer.json()["role"]) == (200, "member")
    assert accounts.call("POST", "/api/invitations/accept", {"token": token}, guest).status == 400

    guest_id = accounts.me(guest).json()["id"]
    owner_id = accounts.me(owner).json()["id"]
    # A member sees, and changes nothing.
    assert accounts.call("GET", "/api/workspaces/team-o", token=guest).json()["memberCount"] == 2
    assert accounts.call("PATCH", path, {"name": "x"}, guest).status == 403
    assert accounts.call("DELETE", path, token=guest).status == 403
    assert accounts.call("GET", f"{path}/audit", token=guest).status == 403
    assert accounts.call("POST", f"{path}/invitations", body, guest).status == 403
    member = f"{path}/members/{guest_id}"
    assert accounts.call("PATCH", member, {"role": "admin"}, guest).status == 403
    assert accounts.call("PATCH", member, {"role": "owner"}, owner).status == 403
    assert accounts.call("PATCH", member, {"role": "admin"}, owner).status == 200
    assert accounts.call("PATCH", path, {"name": "Renamed"}, guest).status == 200
    assert accounts.call("DELETE", f"{path}/members/{owner_id}", token=guest).status == 403
    # Media of the workspace, by the header.
    base = accounts.emulator.api
    headers = {"Authorization": f"Bearer {guest}", "X-Spool-Workspace": "team-o"}
    upload = {"filename": "a.mp4", "contentType": "video/mp4", "size": 4}
    grant = http("POST", f"{base}/api/upload/init", upload, headers).json()
    assert grant["assetId"].startswith(workspace["id"])
    headers["Authorization"] = f"Bearer {stranger}"
    assert http("POST", f"{base}/api/upload/init", upload, headers).status == 403

    answer = accounts.call("POST", f"{path}/transfer", {"userId": guest_id}, owner)
    assert (answer.status, answer.json()["role"]) == (200, "admin")
    roles = accounts.call("GET", f"{path}/members", token=owner).json()["members"]
    assert {m["email"]: m["role"] for m in roles} == {
        "olga@example.org": "admin",
        "gus@example.org": "owner",
    }
    assert accounts.call("DELETE", f"{path}/members/me", token=guest).status == 403
    assert accounts.call("DELETE", f"{path}/members/{owner_id}", token=guest).status == 204
    assert accounts.call("GET", "/api/workspaces/team-o", token=owner).status == 404
    entries = accounts.call("GET", f"{path}/audit?limit=100", token=guest).json()["entries"]
    actions = [entry["action"] for entry in reversed(entries)]
    assert actions == [
        "workspace.create",
        "workspace.change",
        "invitation.create",
        "invitation.accept",
        "member.change",
        "workspace.change",
        "workspace.transfer",
        "member.remove",
    ]
    entry = entries[-2]
    assert entry["actor"] == owner_id and entry["sourceIp"] == "127.0.0.1"
    assert entry["change"]["before"]["slug"] == "olga-s-team"
    assert entry["change"]["after"]["slug"] == "team-o"
    page = accounts.call("GET", f"{path}/audit?limit=3", token=guest).json()
    rest = accounts.call("GET", f"{path}/audit?cursor={page['nextCursor']}", token=guest).json()
    assert page["entries"] + rest["entries"] == entries


def test_a_revoked_invitation_is_not_accepted(accounts):
    owner, guest = accounts.person("rita"), accounts.person("gina")
    path = f"/api/workspaces/{accounts.me(owner).json()['workspaceId']}/invitations"
    body = {"email": "gina@example.org", "role": "member"}
    invitation = accounts.call("POST", path, body, owner).json()
    token = accounts.mailbox.token("gina@example.org", 2)
    assert accounts.call("DELETE", f"{path}/{invitation['id']}", token=owner).status == 204
    assert accounts.call("POST", "/api/invitations/accept", {"token": token}, guest).status == 400
    [listed] = accounts.call("GET", path, token=owner).json()["invitations"]
    assert listed["status"] == "revoked"


def test_a_deleted_workspace_is_restored_within_a_week(accounts):
    session = accounts.person("vera")
    path = f"/api/workspaces/{accounts.me(session).json()['workspaceId']}"
    answer = accounts.call("DELETE", path, token=session)
    assert answer.status == 202 and answer.json()["removedAt"] > answer.json()["deletedAt"]
    upload = {"filename": "a.mp4", "contentType": "video/mp4", "size": 4}
    grant = accounts.call("POST", "/api/upload/init", upload, session).json()
    assert grant["assetId"].startswith("usr-"), "the deleted workspace owns nothing new"
    assert accounts.call("PATCH", path, {"name": "x"}, session).status == 409
    again = accounts.call("DELETE", path, token=session).json()
    assert again["removedAt"] == answer.json()["removedAt"]
    assert accounts.call("POST", f"{path}/restore", token=session).json()["deletedAt"] is None
    grant = accounts.call("POST", "/api/upload/init", upload, session).json()
    assert grant["assetId"].startswith("ws-")


def test_an_administrator_sees_the_platform_and_others_do_not(accounts):
    root, user = accounts.person("root"), accounts.person("plain")
    for path in ("stats", "users", "workspaces", "audit"):
        assert accounts.call("GET", f"/api/admin/{path}", token=user).status == 403
        assert accounts.call("GET", f"/api/admin/{path}", token="static").status == 403
        assert accounts.call("GET", f"/api/admin/{path}").status == 401
    stats = accounts.call("GET", "/api/admin/stats", token=root).json()
    assert stats["users"] >= 2 and stats["workspaces"] >= 2
    emails, cursor = [], ""
    while cursor is not None:
        query = f"?limit=1&cursor={urllib.parse.quote(cursor)}" if cursor else "?limit=1"
        page = accounts.call("GET", f"/api/admin/users{query}", token=root).json()
        emails += [entry["email"] for entry in page["users"]]
        cursor = page["nextCursor"]
    assert len(emails) == len(set(emails)) == stats["users"]
    assert {"root@example.org", "plain@example.org"} <= set(emails)
    listed = accounts.call("GET", "/api/admin/workspaces?limit=100", token=root).json()
    assert len(listed["workspaces"]) >= 2 and listed["workspaces"][0]["memberCount"] >= 1
    actions = accounts.call("GET", "/api/admin/audit?limit=100", token=root).json()["entries"]
    assert {"user.create", "session.create"} <= {entry["action"] for entry in actions}
    assert accounts.call("GET", "/api/admin/users?cursor=x", token=root).status == 400


def test_a_person_exports_and_removes_everything(accounts, media):
    session = accounts.person("gdpr")
    asset = accounts.emulator.upload(media / "logo.png", "image/png", token=session)
    data = accounts.call("GET", "/api/users/me/export", token=session).json()
    assert data["user"]["email"] == "gdpr@example.org"
    assert any(asset in entry["key"] for entry in data["objects"])
    assert "user.create" in [entry["action"] for entry in data["auditEntries"]]
    assert "hash" not in json.dumps(data).replace("sha256", "")
    workspace = data["user"]["workspaceId"]
    body = {"confirm": "other@example.org", "password": PASSWORD}
    assert accounts.call("DELETE", "/api/users/me", body, session).status == 400
    body["confirm"] = "gdpr@example.org"
    assert accounts.call("DELETE", "/api/users/me", body, session).status == 204
    assert accounts.me(session).status == 401 and accounts.sign_in("gdpr").status == 401
    s3 = store_clients.s3_client(accounts.emulator)

    def uploads():
        accounts.call("POST", "/2015-03-31/functions/expire/invocations", {}, "operator")
        return s3.list_objects_v2(Bucket="spool", Prefix=f"uploads/{workspace}/").get("KeyCount")

    wait_until("the removal of the media", lambda: uploads() == 0)


def test_an_owner_of_others_transfers_before_leaving(accounts):
    owner, guest = accounts.person("lena"), accounts.person("max")
    path = f"/api/workspaces/{accounts.me(owner).json()['workspaceId']}"
    body = {"email": "max@example.org", "role": "member"}
    accounts.call("POST", f"{path}/invitations", body, owner)
    token = accounts.mailbox.token("max@example.org", 2)
    assert accounts.call("POST", "/api/invitations/accept", {"token": token}, guest).status == 200
    body = {"confirm": "lena@example.org", "password": PASSWORD}
    assert accounts.call("DELETE", "/api/users/me", body, owner).status == 409
    body = {"userId": accounts.me(guest).json()["id"]}
    assert accounts.call("POST", f"{path}/transfer", body, owner).status == 200
    body = {"confirm": "lena@example.org", "password": PASSWORD}
    assert accounts.call("DELETE", "/api/users/me", body, owner).status == 204
    assert accounts.call("GET", path, token=guest).json()["memberCount"] == 1


def test_uploads_and_exports_by_a_static_token_continue_without_the_database(tmp_path, media):
    """The database cannot be opened: only what needs an account is refused."""
    (tmp_path / "folder").write_text("a file where the database's folder should be")
    running = Accounts(tmp_path, SPOOL_DATABASE=f"sqlite:{tmp_path}/folder/accounts.sqlite")
    asset = running.emulator.upload(media / "a.mp4", token="static")
    job = running.emulator.start_export(single(asset, 1), "static")
    status = running.emulator.wait(job, token="static")
    assert status["state"] == "completed"
    running.emulator.download(status, tmp_path / "out.mp4")
    session = "spool_ses_" + "0" * 48
    session += hashlib.sha256(f"check {session}".encode()).hexdigest()[:6]
    for method, path, body in (
        ("GET", "/api/users/me", None),
        ("GET", "/api/exports", None),
        ("POST", "/api/auth/sign-in", {"email": "a@example.org", "password": "long enough"}),
    ):
        token = session if method == "GET" else None
        answer = running.call(method, path, body, token)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5"), answer.body
    running.stop()


def test_sign_in_by_another_service(tmp_path):
    with oidc_provider_mock.run_server_in_thread() as server:
        issuer = f"http://127.0.0.1:{server.server_port}"
        redirect = "http://127.0.0.1:3000/callback"
        running = Accounts(
            tmp_path,
            SPOOL_OIDC_ISSUER=issuer,
            SPOOL_OIDC_CLIENT_ID="spool",
            SPOOL_OIDC_CLIENT_SECRET="secret",
            SPOOL_OIDC_REDIRECT_URL=redirect,
        )

        def begin():
            answer = running.call("POST", "/api/auth/google")
            assert answer.status == 200, answer.body
            return answer.json()

        def consent(begun, subject="ann@example.org"):
            """The browser at the issuer: signs in and is returned with a code."""
            form = urllib.parse.urlencode({"sub": subject}).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = http("POST", begun["url"], form, headers)
            assert answer.status == 302, answer.body
            query = urllib.parse.urlparse(answer.headers["Location"]).query
            return dict(urllib.parse.parse_qsl(query))

        claims = {"email": "ann@example.org", "email_verified": True, "name": "Ann"}
        http("PUT", f"{issuer}/users/ann@example.org", claims)
        begun = begin()
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(begun["url"]).query))
        assert query["code_challenge_method"] == "S256" and len(query["code_challenge"]) == 43
        body = consent(begun)
        # A page that did not begin has another binding.
        foreign = body | {"binding": begin()["binding"]}
        assert running.call("POST", "/api/auth/google", foreign).status == 401
        body["binding"] = begun["binding"]
        answer = running.call("POST", "/api/auth/google", body)
        assert answer.status == 200, answer.body
        me = running.me(answer.json()["token"]).json()
        assert (me["email"], me["name"], me["hasPassword"]) == ("ann@example.org", "Ann", False)
        assert running.call("POST", "/api/auth/google", body).status == 401, "used twice"
        # The same person again is the same user.
        begun = begin()
        answer = running.call(
            "POST", "/api/auth/google", consent(begun) | {"binding": begun["binding"]}
        )
        assert running.me(answer.json()["token"]).json()["id"] == me["id"]
        # An address that the issuer has not verified signs no one in.
        claims = {"email": "eve@example.org", "email_verified": False}
        http("PUT", f"{issuer}/users/eve@example.org", claims)
        begun = begin()
        body = consent(begun, "eve@example.org") | {"binding": begun["binding"]}
        answer = running.call("POST", "/api/auth/google", body)
        assert answer.status == 401 and "verified" in answer.json()["detail"]
        running.stop()


def test_a_deployment_without_accounts_says_so(shared):
    answer = shared.call("POST", "/api/auth/sign-in", {"email": "a@b.example", "password": "x"})
    assert answer.status == 404 and "SPOOL_AUTH" in answer.json()["detail"]
    assert shared.call("GET", "/api/workspaces").status == 404
