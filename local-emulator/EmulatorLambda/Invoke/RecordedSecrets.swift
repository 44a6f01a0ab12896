import JSON

/// Removes what would sign a caller in from a recorded event or response.
///
/// The values of some headers and members become `[removed]`, also within a body, which is a JSON
/// text in a string. `spool replay` puts its own token in their place.
enum RecordedSecrets {
    /// The text in place of a secret.
    static let removed = "[removed]"

    private static let names: Set<String> = [
        "authorization", "proxy-authorization", "cookie", "cookies", "set-cookie", "x-api-key",
        "x-amz-security-token", "password", "newpassword", "currentpassword", "token",
        "accesstoken", "refreshtoken", "idtoken", "secret", "access_token", "refresh_token",
        "id_token", "client_secret", "clientsecret", "webhook-signature", "stripe-signature",
    ]

    /// The document without secrets; bytes that are not JSON are returned as they are.
    static func removed(from document: [UInt8]) -> [UInt8] {
        guard let value = try? JSONValue(parsing: document) else { return document }
        let clean = removed(from: value)
        return clean == value ? document : clean.bytes
    }

    private static func removed(from value: JSONValue) -> JSONValue {
        switch value {
        case .object(let members):
            .object(
                Dictionary(
                    uniqueKeysWithValues: members.map { name, value in
                        names.contains(name.lowercased()) && value != .null
                            ? (name, .string(removed)) : (name, removed(from: value))
                    }))
        case .array(let values): .array(values.map { removed(from: $0) })
        case .string(let text) where text.hasPrefix("{") || text.hasPrefix("["):
            .string(String(decoding: removed(from: Array(text.utf8)), as: UTF8.self))
        default: value
        }
    }
}
