import Crypto
package import WallClock

/// Time-based one-time passwords (RFC 6238): SHA-1, 30 s, six digits, as authenticator apps
/// expect.
package struct OneTimePassword: Sendable {
    private let secret: [UInt8]

    /// Length of a secret in bytes (RFC 4226, 4).
    package static let secretByteCount = 20
    private static let period = Duration.seconds(30)
    private static let digitCount = 6

    /// - Parameter secret: 20 random bytes.
    package init(secret: [UInt8]) { self.secret = secret }

    /// The number of the 30 s at a time.
    package static func step(at time: UnixTime) -> Int {
        time.milliseconds / period.wholeMilliseconds
    }

    /// The code of a step.
    package func code(step: Int) -> String {
        let counter = (0..<8).map { UInt8(truncatingIfNeeded: step >> (56 - 8 * $0)) }
        let mac = hmacSHA1(key: secret, counter)
        let offset = Int(mac[19] & 15)
        let number = (0..<4).reduce(0) { $0 << 8 | Int(mac[offset + $1]) } & 0x7FFF_FFFF
        let digits = String(number % 1_000_000)
        return String(repeating: "0", count: Self.digitCount - digits.utf8.count) + digits
    }

    /// The step whose code this is: the present one or its neighbours, and later than the last
    /// one that was used. Nil refuses the code; a code is accepted once.
    package func step(ofCode code: String, after lastStep: Int, now: UnixTime) -> Int? {
        let digits = Array(code.utf8.filter { $0 != UInt8(ascii: " ") })
        let present = Self.step(at: now)
        var found: Int?
        for step in (present - 1)...(present + 1) where step > lastStep {
            if constantTimeEqual(Array(self.code(step: step).utf8), digits) { found = step }
        }
        return found
    }

    /// The secret in base32 (RFC 4648, 6), as people type it.
    package var base32: String {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)
        var text: [UInt8] = []
        var (buffer, bits) = (0, 0)
        for byte in secret {
            (buffer, bits) = (buffer << 8 | Int(byte), bits + 8)
            while bits >= 5 {
                bits -= 5
                text.append(letters[buffer >> bits & 31])
            }
            buffer &= 0xFF
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// The address that authenticator apps read from a picture.
    /// - Parameter account: The e-mail address.
    package func address(issuer: String, account: String) -> String {
        func encoded(_ text: String) -> String {
            text.utf8.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                    UInt8(ascii: "_"):
                    String(UnicodeScalar(byte))
                default: "%" + hex([byte]).uppercased()
                }
            }.joined()
        }
        return "otpauth://totp/\(encoded(issuer)):\(encoded(account))?secret=\(base32)"
            + "&issuer=\(encoded(issuer))&algorithm=SHA1&digits=6&period=30"
    }
}

/// Codes that replace a lost authenticator, each once: `abcd-efgh-ijkl`, 60 bits.
package enum RecoveryCode {
    /// Codes of one set.
    package static let count = 10

    /// - Parameter random: 12 random bytes.
    package static func text(random: [UInt8]) -> String {
        let letters = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let characters = random.prefix(12).map { letters[Int($0) % letters.count] }
        return stride(from: 0, to: characters.count, by: 4).map { start in
            String(decoding: characters[start..<min(start + 4, characters.count)], as: UTF8.self)
        }.joined(separator: "-")
    }

    /// The stored form; spaces, hyphens and capitals do not matter.
    package static func hash(_ code: String, userID: String) -> String {
        let plain = code.lowercased().filter { $0 != "-" && $0 != " " }
        return sha256Hex("\(userID) \(plain)")
    }
}
