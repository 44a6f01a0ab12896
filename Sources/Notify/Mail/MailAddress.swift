/// A mailbox such as `a@example.org`, in ASCII.
package struct MailAddress: Hashable, Sendable {
    /// The address as it was given.
    package let text: String

    /// The part behind the `@`.
    package var domain: String { text.split(separator: "@").last.map(String.init) ?? "" }

    /// - Returns: nil unless the text is a dot-atom, `@` and a host name, at most 254 bytes
    ///   (RFC 5321, 4.5.3.1). Nothing of it can end a line or another field.
    package init?(_ text: String) {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, text.utf8.count <= 254, (1...64).contains(parts[0].utf8.count),
            WebhookURL.isHostName(String(parts[1])),
            !parts[0].hasPrefix("."), !parts[0].hasSuffix("."), !parts[0].contains(".."),
            parts[0].utf8.allSatisfy({ byte in
                byte > 0x20 && byte < 0x7F && !Array("()<>[]:;@\\,\"".utf8).contains(byte)
            })
        else { return nil }
        self.text = text
    }
}

/// A sender with an optional name: `Spool <spool@example.org>`.
package struct MailSender: Hashable, Sendable {
    /// Shown in place of the address; nil for none.
    package var name: String?
    /// The address.
    package var address: MailAddress

    /// Reads `name <address>` or `address`.
    /// - Returns: nil for any other form.
    package init?(_ text: String) {
        guard let open = text.lastIndex(of: "<"), text.hasSuffix(">") else {
            guard let address = MailAddress(text) else { return nil }
            (name, self.address) = (nil, address)
            return
        }
        let inner = text[text.index(after: open)...].dropLast()
        guard let address = MailAddress(String(inner)) else { return nil }
        var name = text[..<open]
        while name.last == " " { name.removeLast() }
        guard !name.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
            return nil
        }
        (self.name, self.address) = (name.isEmpty ? nil : String(name), address)
    }

    /// `name <address>` or the address, as in JSON.
    package var plainText: String { name.map { "\($0) <\(address.text)>" } ?? address.text }

    /// The value of `From`.
    package var header: String {
        guard let name else { return address.text }
        return "\(MailMessage.encodedWord(name)) <\(address.text)>"
    }
}
