import EmulatorHTTP
import XMLTree

/// CORS rules of a bucket (PutBucketCors).
struct BucketCORS: Sendable {
    struct Rule: Sendable {
        var origins: [String]
        var methods: [String]
        var headers: [String]
        var exposed: [String]
        var maxAgeSeconds: Int?
    }

    /// S3's limit for the rules of a bucket.
    private static let ruleCountMax = 100
    private static let knownMethods: Set<String> = ["GET", "PUT", "POST", "DELETE", "HEAD"]

    let rules: [Rule]

    /// Reads a `CORSConfiguration`.
    /// - Throws: `.malformedXML`, `.invalidRequest`.
    init(_ document: XMLElement) throws(S3Error) {
        guard document.name == "CORSConfiguration" else { throw S3Error.malformedXML }
        var rules: [Rule] = []
        for element in document.all("CORSRule") {
            func texts(_ name: String) -> [String] { element.all(name).map(\.text) }
            let rule = Rule(
                origins: texts("AllowedOrigin"), methods: texts("AllowedMethod"),
                headers: texts("AllowedHeader"), exposed: texts("ExposeHeader"),
                maxAgeSeconds: element.text(of: "MaxAgeSeconds").flatMap { Int($0) })
            guard !rule.origins.isEmpty, !rule.methods.isEmpty else { throw S3Error.malformedXML }
            for method in rule.methods where !Self.knownMethods.contains(method) {
                throw S3Error(
                    .invalidRequest,
                    "Found unsupported HTTP method in CORS config. Unsupported method is \(method)")
            }
            for pattern in rule.origins + rule.headers
            where pattern.count(where: { $0 == "*" }) > 1 {
                throw S3Error(
                    .invalidRequest, "\"\(pattern)\" can not have more than one wildcard.")
            }
            rules.append(rule)
        }
        guard (1...Self.ruleCountMax).contains(rules.count) else { throw S3Error.malformedXML }
        self.rules = rules
    }

    /// The first rule that allows a request; nil if no rule does.
    /// - Parameter headers: Header names that a preflight lists.
    func rule(origin: String, method: String, headers: [String] = []) -> Rule? {
        rules.first { rule in
            rule.methods.contains(method)
                && rule.origins.contains { Self.matches(origin, $0) }
                && headers.allSatisfy { header in
                    rule.headers.contains { Self.matches(header.lowercased(), $0.lowercased()) }
                }
        }
    }

    /// One `*` matches any text.
    static func matches(_ text: String, _ pattern: String) -> Bool {
        let sides = pattern.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2 else { return text == pattern }
        return text.utf8.count >= sides[0].utf8.count + sides[1].utf8.count
            && text.hasPrefix(sides[0]) && text.hasSuffix(sides[1])
    }
}

extension BucketCORS.Rule {
    /// Response headers for the page, besides `Vary`.
    func fields(origin: String) -> [(String, String)] {
        let isOpen = origins.contains("*")
        var fields = [
            ("Access-Control-Allow-Origin", isOpen ? "*" : origin),
            ("Access-Control-Allow-Methods", methods.joined(separator: ", ")),
        ]
        if !exposed.isEmpty {
            fields.append(("Access-Control-Expose-Headers", exposed.joined(separator: ", ")))
        }
        if let maxAgeSeconds {
            fields.append(("Access-Control-Max-Age", String(maxAgeSeconds)))
        }
        if !isOpen { fields.append(("Access-Control-Allow-Credentials", "true")) }
        return fields
    }
}
