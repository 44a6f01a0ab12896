/// A message with places for values: `{{jobId}}`.
///
/// The text file begins with the subject: `Subject: …`, an empty line, the text.
package struct MailTemplate: Hashable, Sendable {
    private let subject: String
    private let text: String
    private let html: String

    /// - Returns: nil if the text does not begin with a subject and an empty line.
    package init?(text: String, html: String) {
        let lines = text.split(separator: "\n", maxSplits: 2, omittingEmptySubsequences: false)
        guard lines.count == 3, lines[0].hasPrefix("Subject: "), lines[1].isEmpty else {
            return nil
        }
        subject = String(lines[0].dropFirst("Subject: ".count))
        self.text = String(lines[2])
        self.html = html
    }

    /// Subject, text and HTML with the values. Values are escaped in HTML; a line break in the
    /// subject becomes a space. A place without a value becomes empty.
    package func filled(
        _ values: [String: String]
    ) -> (subject: String, text: String, html: String) {
        let plain = Self.fill(subject, values) { $0 }
        let oneLine = String(
            plain.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0) })
        return (
            String(oneLine.prefix(Self.subjectCharactersMax)), Self.fill(text, values) { $0 },
            Self.fill(html, values, Self.escaped)
        )
    }

    /// As encoded words, a line stays below the 998 bytes of RFC 5322.
    private static let subjectCharactersMax = 120

    private static func fill(
        _ template: String, _ values: [String: String], _ escape: (String) -> String
    ) -> String {
        var result = ""
        var rest = template[...]
        while let open = rest.firstRange(of: "{{"),
            let close = rest[open.upperBound...].firstRange(of: "}}")
        {
            result += rest[..<open.lowerBound]
            let name = String(rest[open.upperBound..<close.lowerBound])
            result += escape(values[name] ?? "")
            rest = rest[close.upperBound...]
        }
        return result + rest
    }

    /// Escaped for text and for quoted attributes of HTML.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            .replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
            .replacing("'", with: "&#39;")
    }

    /// A folder name of a language: `en`, `pt-br`; nil for any other text.
    package static func language(_ text: String) -> String? {
        let isPlain =
            (2...12).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || byte == UInt8(ascii: "-")
            }
        return isPlain ? text : nil
    }
}
