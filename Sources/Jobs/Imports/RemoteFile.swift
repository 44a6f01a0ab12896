/// A file at a URL, by the response to a request for its first byte.
package struct RemoteFile: Hashable, Sendable {
    /// Size; nil if the host does not give it.
    package var bytes: Int?
    /// Media type in lower case, without parameters; nil if the host does not give one.
    package var contentType: String?
    /// Value for `If-Range`: a strong ETag, else `Last-Modified` (RFC 9110, section 13.1.5).
    package var validator: String?
    /// True if the host sends ranges of the file.
    package var hasRanges: Bool

    /// Reads a response to `Range: bytes=0-0`.
    /// - Parameters:
    ///   - status: 206, or 200 of a host without ranges. Nil is returned for any other.
    ///   - header: The value of a header by its name in lower case.
    package init?(status: Int, header: (String) -> String?) {
        guard status == 206 || status == 200 else { return nil }
        let range = header("content-range").flatMap { ContentRange($0) }
        hasRanges = status == 206 && range?.total != nil
        bytes = status == 206 ? range?.total : header("content-length").flatMap { Int($0) }
        contentType = header("content-type").flatMap { text in
            let type = text.prefix { $0 != ";" }.lowercased()
            let trimmed = type.filter { $0 != " " && $0 != "\t" }
            return trimmed.isEmpty ? nil : trimmed
        }
        let etag = header("etag").flatMap { $0.hasPrefix("\"") ? $0 : nil }
        validator = etag ?? header("last-modified")
    }
}

/// A `Content-Range` of a 206: `bytes 0-9/100` (RFC 9110, section 14.4).
package struct ContentRange: Hashable, Sendable {
    /// Half-open range in bytes.
    package var range: Range<Int>
    /// Size of the whole file; nil for `*`.
    package var total: Int?

    /// Parses the header's value; nil if it is malformed.
    package init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, parts[0].lowercased() == "bytes" else { return nil }
        let halves = parts[1].split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2 else { return nil }
        let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = Self.number(ends[0]), let last = Self.number(ends[1]),
            first <= last, last < Int.max
        else { return nil }
        range = first..<last + 1
        guard halves[1] != "*" else { return }
        guard let total = Self.number(halves[1]), last < total else { return nil }
        self.total = total
    }

    private static func number(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            ? Int(text) : nil
    }
}

/// A part of a file, uploaded by one call.
package struct ImportPart: Hashable, Sendable {
    /// From 1.
    package var number: Int
    /// Half-open range in bytes.
    package var range: Range<Int>

    /// Parts of a file that the store does not have, or has with another length.
    /// - Parameters:
    ///   - partBytes: Length of each part but the last.
    ///   - stored: Length of each stored part by its number.
    package static func missing(bytes: Int, partBytes: Int, stored: [Int: Int]) -> [ImportPart] {
        stride(from: 0, to: bytes, by: partBytes).enumerated().compactMap { index, start in
            let part = ImportPart(
                number: index + 1, range: start..<min(start + partBytes, bytes))
            return stored[part.number] == part.range.count ? nil : part
        }
    }
}

/// The outcome of one response while a file is fetched.
package enum FetchDecision: Hashable, Sendable {
    /// The body is the wanted range.
    case take
    /// The file changed: everything is fetched from the beginning.
    case startOver
    /// Another attempt may help.
    case retry
    /// No attempt can help. The sentence is shown to the user.
    case refuse(String)

    /// Decides about the response to a request for `range` of a file of `total` bytes.
    /// - Parameter contentRange: The header's value; nil without one.
    package init(
        status: Int, contentRange: String?, bodyBytes: Int, range: Range<Int>, total: Int
    ) {
        switch status {
        case 206:
            let sent = contentRange.flatMap { ContentRange($0) }
            if sent?.total != nil, sent?.total != total {
                self = .startOver
            } else {
                self = sent?.range == range && bodyBytes == range.count ? .take : .retry
            }
        // With If-Range, the whole file instead of a range says that it changed.
        case 200, 412, 416: self = .startOver
        default: self.init(refusalOf: status)
        }
    }

    /// Decides about a status that is not a success.
    package init(refusalOf status: Int) {
        switch status {
        case 408, 425, 429, 500...599: self = .retry
        default: self = .refuse("The host answered with status \(status).")
        }
    }
}
