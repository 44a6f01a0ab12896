/// Rules about the texts of an account.
package enum AccountText {
    /// Length of a password in characters (NIST SP 800-63B: at least 8, no rules of composition).
    package static let passwordCharacters = 8...256
    /// Length of a name in characters.
    package static let nameCharactersMax = 100

    /// The rule that a new password violates; nil if it is accepted.
    package static func fault(ofPassword password: String, email: String) -> String? {
        let count = password.unicodeScalars.count
        guard count >= passwordCharacters.lowerBound else {
            return "has fewer than \(passwordCharacters.lowerBound) characters"
        }
        guard count <= passwordCharacters.upperBound else {
            return "has more than \(passwordCharacters.upperBound) characters"
        }
        let lower = password.lowercased()
        let local = email.prefix { $0 != "@" }
        if lower == email || lower == local { return "must not be the e-mail address" }
        if Set(password).count < 3 || common.contains(lower) { return "is too easy to guess" }
        return nil
    }

    /// The e-mail address as accounts are found by it: in lower case.
    package static func canonical(email: String) -> String { email.lowercased() }

    /// A slug made of a name: `Ann's films` becomes `ann-s-films`.
    package static func slug(ofName name: String) -> String {
        var slug = ""
        for scalar in name.lowercased().unicodeScalars {
            let isPlain = ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
            if isPlain {
                slug.unicodeScalars.append(scalar)
            } else if !slug.isEmpty, !slug.hasSuffix("-") {
                slug += "-"
            }
        }
        slug = String(slug.prefix(slugCharacters.upperBound - 8))
        while slug.hasSuffix("-") { slug.removeLast() }
        return slug.utf8.count < slugCharacters.lowerBound || isReserved(slug)
            ? "workspace" : slug
    }

    /// Length of a slug in characters.
    package static let slugCharacters = 3...40

    /// The rule that a slug violates; nil if it is accepted.
    package static func fault(ofSlug slug: String) -> String? {
        let isPlain = slug.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                || byte == UInt8(ascii: "-")
        }
        guard isPlain, slugCharacters.contains(slug.utf8.count), !slug.hasPrefix("-"),
            !slug.hasSuffix("-")
        else { return "must be 3 to 40 of a-z, 0-9 and hyphens between them" }
        return isReserved(slug) ? "is reserved" : nil
    }

    private static func isReserved(_ slug: String) -> Bool {
        // The ID of a workspace is accepted where a slug is.
        slug.hasPrefix("ws-") || ["admin", "api", "new", "me", "settings"].contains(slug)
    }

    /// The commonest passwords of eight and more characters in published leaks.
    private static let common: Set<String> = [
        "password", "12345678", "123456789", "1234567890", "qwertyuiop", "password1",
        "password123", "iloveyou", "sunshine", "princess", "football", "baseball", "superman",
        "trustno1", "qwerty123", "1q2w3e4r", "1qaz2wsx", "zaq12wsx", "admin123", "welcome1",
        "letmein1", "passw0rd", "p@ssw0rd", "abcd1234", "11111111", "88888888", "changeme",
        "computer", "whatever", "starwars", "michelle", "jennifer", "asdfghjkl", "87654321",
    ]
}
