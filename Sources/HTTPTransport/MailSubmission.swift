/// A message for one recipient and the server that takes it.
package struct MailSubmission: Sendable {
    /// `smtp://host:port` or `smtps://host:port`, without a user.
    package var url: String
    /// User name; nil to send without a login.
    package var user: String?
    /// Password of the user.
    package var password: String?
    /// True to refuse a server without TLS.
    package var requiresTLS: Bool
    /// Address of the sender.
    package var sender: String
    /// Address of the recipient.
    package var recipient: String
    /// Header fields but those of MIME.
    package var headers: [(name: String, value: String)]
    /// Plain text.
    package var text: String
    /// The same as HTML.
    package var html: String

    /// A message to send.
    package init(
        url: String, user: String?, password: String?, requiresTLS: Bool, sender: String,
        recipient: String, headers: [(name: String, value: String)], text: String, html: String
    ) {
        self.url = url
        self.user = user
        self.password = password
        self.requiresTLS = requiresTLS
        self.sender = sender
        self.recipient = recipient
        self.headers = headers
        self.text = text
        self.html = html
    }

    /// True if the addresses cannot end a command of SMTP.
    var isWellFormed: Bool {
        [sender, recipient].allSatisfy { address in
            address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ">") }
        }
    }
}

extension HTTPClient {
    /// Sends a message over SMTP (RFC 5321) as `multipart/alternative`.
    /// - Returns: The server's reply code as the status, its text as the body.
    /// - Throws: If the server gave no reply to the message; `.invalid` for a malformed address.
    package func submit(
        _ mail: MailSubmission, timeout: Duration
    ) async throws(HTTPTransportError) -> HTTPResponse {
        guard mail.isWellFormed else {
            throw HTTPTransportError(
                .invalid, "An address has a character that SMTP does not permit")
        }
        let headers = mail.headers + [("Content-Type", "multipart/alternative")]
        var request = HTTPRequest(
            method: "MAIL", url: mail.url, headers: headers, timeout: timeout)
        request.mail = mail
        return try await send(request)
    }
}
