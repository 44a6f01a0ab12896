package import ObjectStore

/// Keys of requests for messages of accounts: `mails/{id}.mail.json`. An event sends the message
/// and removes the request.
package enum AccountMailKeys {
    /// Key of a request.
    /// - Parameter id: Random text of `a-z 0-9 -`.
    package static func request(_ id: String) -> ObjectKey { ObjectKey("mails/\(id).mail.json") }

    /// True for the key of a request.
    package static func isRequest(_ key: String) -> Bool {
        key.hasPrefix("mails/") && key.hasSuffix(".mail.json")
    }
}

/// A request for a message. It contains no token: the function that sends the message makes it.
package struct AccountMailRequest: Codable, Hashable, Sendable {
    /// Version of the record.
    package var version = 1
    /// The message.
    package var kind: Kind
    /// ID of the sign-up or the invitation; the e-mail address for a password reset.
    package var subject: String

    /// Messages of accounts.
    package enum Kind: String, Codable, Hashable, Sendable {
        case signUp = "sign-up"
        case passwordReset = "password-reset"
        case invitation
    }

    /// A request.
    package init(_ kind: Kind, subject: String) {
        self.kind = kind
        self.subject = subject
    }
}
