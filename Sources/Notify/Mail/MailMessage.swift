import Crypto
package import WallClock

/// A message in text and HTML. The two parts are joined by the client that sends it.
package struct MailMessage: Hashable, Sendable {
    /// Sender.
    package var sender: MailSender
    /// Recipient.
    package var recipient: MailAddress
    /// Subject without a line break.
    package var subject: String
    /// Plain text.
    package var text: String
    /// The same as HTML.
    package var html: String
    /// ID of the delivery, part of `Message-ID`: every attempt has the same.
    package var id: String
    /// Time of the attempt.
    package var date: UnixTime

    /// A message.
    package init(
        sender: MailSender, recipient: MailAddress, subject: String, text: String, html: String,
        id: String, date: UnixTime
    ) {
        self.sender = sender
        self.recipient = recipient
        self.subject = subject
        self.text = text
        self.html = html
        self.id = id
        self.date = date
    }

    /// The header fields of RFC 5322 without those of MIME.
    package var headers: [(name: String, value: String)] {
        [
            // RFC 5322 has a numeric zone where HTTP has GMT.
            ("Date", date.http.replacing("GMT", with: "+0000")), ("From", sender.header),
            ("To", recipient.text), ("Subject", Self.encodedWord(subject)),
            ("Message-ID", "<\(id)@\(sender.address.domain)>"),
            ("Auto-Submitted", "auto-generated"),
        ]
    }

    /// The text as encoded words of at most 75 characters (RFC 2047), or unchanged if it is
    /// short ASCII without meaning in a header.
    package static func encodedWord(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            byte >= 0x20 && byte < 0x7F && !Array("()<>[]:;@\\,\"=?".utf8).contains(byte)
        }
        if isPlain, text.utf8.count <= 60 { return text }
        var words: [String] = []
        var bytes: [UInt8] = []
        // 45 bytes are 60 characters of base64; a character is not divided.
        for character in text {
            if bytes.count + character.utf8.count > 45, !bytes.isEmpty {
                words.append("=?UTF-8?B?\(base64(bytes))?=")
                bytes = []
            }
            bytes += character.utf8.prefix(45)
        }
        words.append("=?UTF-8?B?\(base64(bytes))?=")
        return words.joined(separator: " ")
    }
}
