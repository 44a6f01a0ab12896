import Crypto
import JSON

/// The rules of WebAuthn (level 2, 7.1 and 7.2) that are not about a signature.
package struct PasskeyRules: Hashable, Sendable {
    /// The host of the front end: the relying party.
    package let relyingParty: String
    private let origin: String

    /// - Parameter origin: The front end's origin, for instance `https://app.example.org`.
    package init(origin: String) {
        self.origin = origin
        let authority = origin.split(separator: "/", maxSplits: 2).last.map(String.init) ?? ""
        relyingParty = String(authority.prefix { $0 != ":" })
    }

    /// What the browser did.
    package enum Ceremony: String, Sendable {
        case registration = "webauthn.create"
        case signIn = "webauthn.get"
    }

    /// The rule that the browser's data violates; nil if all hold.
    package func fault(
        ofClientData data: [UInt8], _ ceremony: Ceremony, challenge: [UInt8]
    ) -> String? {
        guard let document = try? JSONValue(parsing: data) else { return "is not JSON" }
        guard document["type"]?.text == ceremony.rawValue else { return "is of another ceremony" }
        guard document["challenge"]?.text == base64URL(challenge) else {
            return "answers another challenge"
        }
        guard document["origin"]?.text == origin, document["crossOrigin"] != true else {
            return "is of another origin"
        }
        return nil
    }

    /// The rule that the authenticator's data violates; nil if all hold.
    package func fault(ofAuthenticatorData data: [UInt8]) -> String? {
        guard data.count >= 37 else { return "is too short" }
        guard Array(data.prefix(32)) == sha256(relyingParty.utf8) else {
            return "is for another site"
        }
        guard data[32] & Self.presentAndVerified == Self.presentAndVerified else {
            return "shows no verified person"
        }
        return nil
    }

    /// Bits of the flags: user present, user verified.
    private static let presentAndVerified: UInt8 = 0b101

    /// The authenticator's count of signatures.
    package static func signCount(ofAuthenticatorData data: [UInt8]) -> Int {
        data.count < 37 ? 0 : data[33..<37].reduce(0) { $0 << 8 | Int($1) }
    }

    /// False if the count shows a copy of the authenticator. Many count nothing.
    package static func isAdvanced(_ count: Int, from last: Int) -> Bool {
        count > last || (count == 0 && last == 0)
    }
}
