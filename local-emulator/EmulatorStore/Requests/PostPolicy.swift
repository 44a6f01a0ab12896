import FoundationEssentials
import WallClock

/// The policy of a POST form (S3 API Reference, "Creating a POST policy").
///
/// Field names, `eq` and `starts-with` are case-insensitive; `expiration` and `conditions` are
/// case-sensitive.
struct PostPolicy: Sendable {
    private struct Document: Decodable {
        var expiration: String
        var conditions: [Condition]
    }

    private enum Condition: Decodable {
        case equals(String, String)
        case startsWith(String, String)
        case length(ClosedRange<Int>)

        init(from decoder: any Decoder) throws {
            if let exact = try? decoder.singleValueContainer().decode([String: String].self),
                let (name, value) = exact.first, exact.count == 1
            {
                self = .equals(name.lowercased(), value)
                return
            }
            var list = try decoder.unkeyedContainer()
            let kind = try list.decode(String.self).lowercased()
            if kind == "content-length-range" {
                let (minimum, maximum) = (try Self.number(&list), try Self.number(&list))
                guard minimum <= maximum else { throw MalformedPolicy() }
                self = .length(minimum...maximum)
                return
            }
            let name = try list.decode(String.self)
            guard name.hasPrefix("$"), kind == "eq" || kind == "starts-with" else {
                throw MalformedPolicy()
            }
            let value = try list.decode(String.self)
            let field = name.dropFirst().lowercased()
            self = kind == "eq" ? .equals(field, value) : .startsWith(field, value)
        }

        private static func number(_ list: inout any UnkeyedDecodingContainer) throws -> Int {
            if let number = try? list.decode(Int.self) { return number }
            guard let number = Int(try list.decode(String.self)) else { throw MalformedPolicy() }
            return number
        }
    }

    private struct MalformedPolicy: Error {}

    private static let uncovered: Set<String> = [
        "policy", "signature", "x-amz-signature", "awsaccesskeyid", "file",
    ]

    /// Checks the signature, the expiration and every field of a form.
    /// - Throws: `.accessDenied`, `.invalidPolicyDocument`,
    ///   `.signatureDoesNotMatch`, `.invalidAccessKeyId`.
    static func check(
        _ fields: [String: String], bucket: String, _ authentication: Authentication
    ) throws(S3Error) {
        guard let key = fields["key"], !key.isEmpty else {
            throw S3Error(
                .invalidArgument, "Bucket POST must contain a field named 'key'.")
        }
        guard let encoded = fields["policy"] else {
            throw S3Error(.accessDenied, "Access Denied")
        }
        try authentication.checkPolicy(encoded, fields: fields)
        let document = try decode(encoded)
        guard let end = UnixTime(rfc3339: document.expiration) else { throw malformed }
        if authentication.now() >= end { throw denied("Policy expired.") }
        var values = fields
        values["bucket"] = bucket
        var covered = uncovered
        for condition in document.conditions {
            switch condition {
            case .equals(let name, let value):
                guard values[name] == value else { throw unmet("[\"eq\", \"$\(name)\"]") }
                covered.insert(name)
            case .startsWith(let name, let prefix):
                guard let value = values[name], value.utf8.starts(with: prefix.utf8) else {
                    throw unmet("[\"starts-with\", \"$\(name)\"]")
                }
                covered.insert(name)
            case .length: break
            }
        }
        for name in values.keys.sorted()
        where !covered.contains(name) && !name.hasPrefix("x-ignore-") {
            throw denied("Extra input fields: \(name)")
        }
    }

    /// Checks the size of the file against a policy that was checked before.
    /// - Throws: `.entityTooSmall`, `.entityTooLarge`.
    static func checkLength(_ bytes: Int, fields: [String: String]) throws(S3Error) {
        for case .length(let range) in try decode(fields["policy"] ?? "").conditions {
            let details = [
                ("ProposedSize", String(bytes)), ("MinSizeAllowed", String(range.lowerBound)),
                ("MaxSizeAllowed", String(range.upperBound)),
            ]
            if bytes < range.lowerBound {
                throw S3Error(
                    .entityTooSmall,
                    "Your proposed upload is smaller than the minimum allowed size",
                    details: details)
            }
            if bytes > range.upperBound {
                throw S3Error(
                    .entityTooLarge, "Your proposed upload exceeds the maximum allowed size",
                    details: details)
            }
        }
    }

    private static func decode(_ encoded: String) throws(S3Error) -> Document {
        guard let data = Data(base64Encoded: encoded, options: .ignoreUnknownCharacters),
            let document = try? JSONDecoder().decode(Document.self, from: data)
        else { throw malformed }
        return document
    }

    private static var malformed: S3Error {
        S3Error(.invalidPolicyDocument, "Invalid Policy: Invalid JSON.")
    }

    private static func denied(_ message: String) -> S3Error {
        S3Error(.accessDenied, "Invalid according to Policy: \(message)")
    }

    private static func unmet(_ condition: String) -> S3Error {
        denied("Policy Condition failed: \(condition)")
    }
}
