/// The URL of a receiver, checked: http or https, a host, a permitted port, no user.
package struct WebhookURL: Hashable, Sendable {
    /// The URL as it was given.
    package let text: String
    /// The host in lower case; an IPv6 address without brackets.
    package let host: String
    /// The port, also where the URL has none.
    package let port: Int

    /// Largest number of characters.
    package static let charactersMax = 2_048

    /// - Throws: `Fault` with a sentence about the first rule that the text violates.
    package init(_ text: String) throws(Fault) {
        self.text = text
        guard text.utf8.count <= Self.charactersMax else {
            throw Fault("is longer than \(Self.charactersMax) characters")
        }
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
        else { throw Fault("has a character that a URL cannot have") }
        let lower = text.lowercased()
        guard let scheme = ["https://", "http://"].first(where: { lower.hasPrefix($0) }) else {
            throw Fault("must be an http or https URL")
        }
        let rest = text.dropFirst(scheme.count)
        let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard !authority.contains("@") else { throw Fault("must not contain a user") }
        var name = authority[...]
        var port: Int? = scheme == "https://" ? 443 : 80
        let end = authority.lastIndex(of: "]") ?? authority.startIndex
        if let colon = authority[end...].lastIndex(of: ":") {
            name = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            port = digits.utf8.count <= 5 && digits.first != "+" ? Int(digits) : nil
        }
        guard let port, Self.isPermitted(port: port) else {
            throw Fault("must have the port 80, 443 or one from 1024 to 65535")
        }
        self.port = port
        if name.hasPrefix("["), name.hasSuffix("]") {
            let address = String(name.dropFirst().dropLast())
            guard address.contains(":"), NetworkAddress(address) != nil else {
                throw Fault("has no valid host")
            }
            host = address.lowercased()
        } else {
            guard Self.isHostName(String(name)) else { throw Fault("has no valid host") }
            host = name.lowercased()
        }
    }

    /// A rule that a URL violates.
    package struct Fault: Error, Hashable, Sendable {
        /// A sentence without its subject.
        package var detail: String

        init(_ detail: String) { self.detail = detail }
    }

    /// Services below 1024 other than HTTP do not expect requests.
    private static func isPermitted(port: Int) -> Bool {
        port == 80 || port == 443 || (1_024...65_535).contains(port)
    }

    /// True for letters, digits, hyphens and underscores in labels of 1 to 63 bytes.
    static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count)
                    && label.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"),
                            UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
                            UInt8(ascii: "_"):
                            true
                        default: false
                        }
                    }
            }
    }
}
