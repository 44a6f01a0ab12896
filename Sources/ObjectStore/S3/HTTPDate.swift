import AWSSignature

/// Dates as HTTP headers and S3's XML write them.
enum HTTPDate {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Fri, 20 Nov 2026 12:00:00 GMT` (RFC 9110, 5.6.7) in seconds since 1970.
    static func seconds(_ text: String) -> Int? {
        let parts = text.split(separator: " ")
        guard parts.count == 6, let month = months.firstIndex(of: String(parts[2])),
            parts[1].count == 2, parts[3].count == 4
        else { return nil }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        let time = parts[4].filter { $0 != ":" }
        return SigV4Time.seconds(timestamp: "\(parts[3])\(number)\(parts[1])T\(time)Z")
    }

    /// `2026-11-20T12:00:00.000Z`
    static func xml(seconds: Int) -> String {
        let text = Array(SigV4Time.timestamp(seconds: seconds))
        let date = [text[0..<4], text[4..<6], text[6..<8]].map { String($0) }
        let time = [text[9..<11], text[11..<13], text[13..<15]].map { String($0) }
        return date.joined(separator: "-") + "T" + time.joined(separator: ":") + ".000Z"
    }

    /// `2026-11-20T12:00:00.000Z` in milliseconds since 1970.
    static func milliseconds(xml text: String) -> Int? {
        let plain = text.filter { $0 != "-" && $0 != ":" }
        guard let dot = plain.firstIndex(of: ".") else {
            return SigV4Time.seconds(timestamp: plain).map { $0 * 1_000 }
        }
        let fraction = plain[plain.index(after: dot)...].dropLast().prefix(3)
        guard let seconds = SigV4Time.seconds(timestamp: plain[..<dot] + "Z"),
            let thousandths = Int(fraction + String(repeating: "0", count: 3 - fraction.count))
        else { return nil }
        return seconds * 1_000 + thousandths
    }
}
