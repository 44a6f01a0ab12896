import Crypto

/// A random token whose SHA-256 alone is stored.
///
/// The text is `spool_{kind}_{random}{check}`: the prefix names the kind for people and for
/// programs that look for leaked secrets, and the six last characters are a checksum, so that
/// such a program can tell a token from other text without asking the server.
package struct OpaqueToken: Hashable, Sendable {
    /// The token as the client sends it.
    package let text: String
    /// Its kind.
    package let kind: Kind

    /// Kinds of tokens, by their place in the text.
    package enum Kind: String, CaseIterable, Sendable {
        case session = "ses"
        case apiKey = "key"
        /// Sent by e-mail, or between two steps of a sign-in.
        case step = "stp"

        /// The beginning of every token of this kind.
        package var prefix: String { "spool_\(rawValue)_" }
    }

    private static let randomByteCount = 24
    private static let checkCharacterCount = 6

    /// A new token.
    /// - Parameter random: 24 random bytes.
    package init(_ kind: Kind, random: [UInt8]) {
        let body = kind.prefix + hex(random)
        self.kind = kind
        text = body + Self.check(body)
    }

    /// A new token of 192 random bits.
    package static func make(_ kind: Kind) -> OpaqueToken {
        OpaqueToken(kind, random: randomBytes(count: randomByteCount))
    }

    /// - Returns: nil for any text that `make` cannot return.
    package init?(_ text: String) {
        guard let kind = Kind.allCases.first(where: { text.hasPrefix($0.prefix) }),
            text.utf8.count
                == kind.prefix.utf8.count + Self.randomByteCount * 2 + Self.checkCharacterCount
        else { return nil }
        let body = String(text.dropLast(Self.checkCharacterCount))
        guard text == body + Self.check(body) else { return nil }
        self.text = text
        self.kind = kind
    }

    /// The stored form: SHA-256 in hexadecimal digits. The random part needs no salt.
    package var hash: String { sha256Hex(text) }

    /// The beginning that lists show, for instance `spool_key_1f3a`.
    package var hint: String { String(text.prefix(kind.prefix.utf8.count + 4)) }

    private static func check(_ body: String) -> String {
        String(sha256Hex("check \(body)").prefix(checkCharacterCount))
    }
}
