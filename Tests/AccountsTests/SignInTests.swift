import Crypto
import Testing
import WallClock

@testable import Accounts

@Suite struct OpaqueTokenTests {
    @Test(arguments: OpaqueToken.Kind.allCases)
    func `a token is read again, any other text is not`(kind: OpaqueToken.Kind) throws {
        let token = OpaqueToken.make(kind)
        #expect(try #require(OpaqueToken(token.text)) == token)
        #expect(token.text.hasPrefix("spool_\(kind.rawValue)_"))
        #expect(token.hash.count == 64 && token.hash != OpaqueToken.make(kind).hash)
        let characters = Array(token.text)
        for index in characters.indices {
            var changed = characters
            changed[index] = changed[index] == "0" ? "1" : "0"
            #expect(OpaqueToken(String(changed)) == nil)
        }
        #expect(OpaqueToken(token.text + "0") == nil && OpaqueToken("") == nil)
    }
}

@Suite struct SessionRulesTests {
    private static let start = UnixTime(seconds: 1_000_000)

    @Test(arguments: [
        (0, 0, false, SessionRules.Verdict.valid), (299, 0, false, .valid),
        (300, 0, false, .validToTouch), (604_799, 0, false, .validToTouch),
        (604_800, 0, false, .expired), (2_591_999, 2_591_900, false, .valid),
        (2_592_000, 2_591_900, false, .expired), (59, 0, true, .valid), (60, 0, true, .reused),
    ])
    func `a session ends idle, old, or by a copied token`(
        now: Int, used: Int, isPrevious: Bool, verdict: SessionRules.Verdict
    ) {
        let times = SessionRules.Times(
            createdAt: Self.start, usedAt: Self.start + .seconds(used), rotatedAt: Self.start)
        #expect(
            SessionRules.verdict(times, isPrevious: isPrevious, now: Self.start + .seconds(now))
                == verdict)
    }

    @Test func `ten wrong passwords in a quarter of an hour pause an address`() {
        var attempts: SignInThrottle.Attempts?
        for _ in 0..<10 {
            #expect(SignInThrottle.pause(attempts, now: Self.start) == nil)
            attempts = SignInThrottle.adding(attempts, now: Self.start)
        }
        #expect(SignInThrottle.pause(attempts, now: Self.start) == .seconds(900))
        #expect(SignInThrottle.pause(attempts, now: Self.start + .seconds(900)) == nil)
        #expect(SignInThrottle.adding(attempts, now: Self.start + .seconds(900)).count == 1)
    }
}

@Suite struct OneTimePasswordTests {
    /// RFC 6238, appendix B, SHA-1; six digits of the eight.
    @Test(arguments: [
        (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"),
        (1_234_567_890, "005924"), (2_000_000_000, "279037"), (20_000_000_000, "353130"),
    ])
    func `codes are those of the RFC`(seconds: Int, code: String) {
        let password = OneTimePassword(secret: Array("12345678901234567890".utf8))
        let time = UnixTime(seconds: seconds)
        #expect(password.code(step: OneTimePassword.step(at: time)) == code)
        #expect(password.base32 == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    }

    @Test func `a code is accepted once, and 30 s early or late`() {
        let password = OneTimePassword(secret: Array("12345678901234567890".utf8))
        let now = UnixTime(seconds: 1_000_000_000)
        let step = OneTimePassword.step(at: now)
        for offset in -2...2 {
            let found = password.step(
                ofCode: password.code(step: step + offset), after: 0, now: now)
            #expect(found == (abs(offset) < 2 ? step + offset : nil))
        }
        #expect(password.step(ofCode: password.code(step: step), after: step, now: now) == nil)
        #expect(password.step(ofCode: password.code(step: step - 1), after: step, now: now) == nil)
        #expect(password.step(ofCode: "", after: 0, now: now) == nil)
    }

    @Test func `the address holds the secret and escapes the names`() {
        let password = OneTimePassword(secret: [0, 0, 0, 0, 0])
        #expect(
            password.address(issuer: "My App", account: "a+b@c.example")
                == "otpauth://totp/My%20App:a%2Bb%40c.example?secret=AAAAAAAA"
                + "&issuer=My%20App&algorithm=SHA1&digits=6&period=30")
    }

    @Test func `a recovery code may be typed in other ways`() {
        let code = RecoveryCode.text(random: Array(0..<12))
        #expect(code == "abcd-efgh-ijkm")
        #expect(
            RecoveryCode.hash("ABCD EFGH ijkm", userID: "usr-1")
                == RecoveryCode.hash(code, userID: "usr-1"))
        #expect(
            RecoveryCode.hash(code, userID: "usr-2") != RecoveryCode.hash(code, userID: "usr-1"))
    }
}

@Suite struct PasswordHashTests {
    @Test func `a hash verifies its password alone`() throws {
        let cheap = PasswordHash(passes: 1, memoryBytes: 1 << 20)
        let text = try #require(cheap.text(of: "correct horse"))
        #expect(text.hasPrefix("$argon2id$v=19$m=1024,t=1,p=1$"))
        #expect(PasswordHash.verify("correct horse", hash: text))
        #expect(!PasswordHash.verify("correct horsf", hash: text))
        #expect(!PasswordHash.verify("", hash: text) && !PasswordHash.verify("x", hash: ""))
        #expect(cheap.text(of: "correct horse") != text)
        #expect(!cheap.isOutdated(text) && PasswordHash.standard.isOutdated(text))
    }

    @Test func `a sealed secret opens with its key alone, unchanged`() throws {
        let box = try #require(SecretBox(key: [UInt8](repeating: 7, count: 32)))
        let other = try #require(SecretBox(key: [UInt8](repeating: 8, count: 32)))
        let sealed = box.seal([1, 2, 3])
        #expect(box.open(sealed) == [1, 2, 3] && other.open(sealed) == nil)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(box.open(changed) == nil)
        }
        #expect(box.open([]) == nil && SecretBox(key: []) == nil)
        #expect(box.seal([]) != box.seal([]))
    }
}

@Suite struct AccountRuleTests {
    @Test(arguments: [
        ("long enough 1", nil), ("short", "has fewer than 8 characters"),
        ("Password", "is too easy to guess"), ("aaaaaaaaaa", "is too easy to guess"),
        ("ann@example.org", "must not be the e-mail address"),
        (String(repeating: "ab1", count: 100), "has more than 256 characters"),
    ])
    func `a password that is easy to guess is refused`(password: String, fault: String?) {
        #expect(AccountText.fault(ofPassword: password, email: "ann@example.org") == fault)
    }

    @Test(arguments: [
        ("Ann's films", "ann-s-films"), ("  ", "workspace"), ("ÄÖ", "workspace"),
        ("admin", "workspace"), ("ws-1", "workspace"),
        (String(repeating: "a", count: 99), String(repeating: "a", count: 32)),
    ])
    func `a slug is made of a name`(name: String, slug: String) {
        #expect(AccountText.slug(ofName: name) == slug)
        #expect(AccountText.fault(ofSlug: slug) == nil)
    }

    @Test(arguments: ["ab", "A-b", "-ab", "ab-", "a b", "ws-1", "admin", "ä-b"])
    func `a slug of another form is refused`(slug: String) {
        #expect(AccountText.fault(ofSlug: slug) != nil)
    }

    /// Actor, target's role, new role, permitted.
    @Test(arguments: [
        (WorkspaceRole.owner, WorkspaceRole.member, WorkspaceRole.admin, true),
        (.owner, .admin, .member, true), (.owner, .admin, .owner, false),
        (.owner, .owner, .member, false), (.admin, .member, .admin, false),
        (.admin, .admin, .member, false), (.admin, .owner, .member, false),
        (.admin, .member, .member, true), (.member, .member, .member, false),
    ])
    func `roles change by who may change them`(
        actor: WorkspaceRole, target: WorkspaceRole, role: WorkspaceRole, isPermitted: Bool
    ) {
        let decision = MembershipDecision.changingRole(by: actor, of: target, to: role)
        #expect((decision == .permitted) == isPermitted)
    }

    @Test(arguments: [
        (WorkspaceRole.owner, WorkspaceRole.owner, true, false), (.owner, .admin, false, true),
        (.admin, .admin, true, true), (.admin, .admin, false, false),
        (.admin, .member, false, true), (.member, .member, true, true),
        (.member, .member, false, false), (.admin, .owner, false, false),
    ])
    func `members leave, and are removed by those above them`(
        actor: WorkspaceRole, target: WorkspaceRole, isSelf: Bool, isPermitted: Bool
    ) {
        let decision = MembershipDecision.removing(by: actor, target: target, isSelf: isSelf)
        #expect((decision == .permitted) == isPermitted)
    }

    @Test func `each action has one role that it needs`() {
        let permitted = WorkspaceRole.allCases.map { role in
            WorkspaceAction.allCases.filter { role.permits($0) }.map(\.rawValue).sorted()
        }
        #expect(permitted[0] == ["leave", "use-media", "view"])
        #expect(
            permitted[1] == [
                "change", "invite", "leave", "manage-members", "use-media", "view", "view-audit",
            ])
        #expect(permitted[2].count == WorkspaceAction.allCases.count)
        #expect(MembershipDecision.inviting(by: .admin, to: .admin) != .permitted)
        #expect(MembershipDecision.inviting(by: .admin, to: .member) == .permitted)
        #expect(MembershipDecision.inviting(by: .owner, to: .owner) != .permitted)
        #expect(MembershipDecision.inviting(by: .member, to: .member) != .permitted)
    }
}
