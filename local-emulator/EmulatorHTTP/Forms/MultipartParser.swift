import Glibc

/// The head of one part of a form.
package struct MultipartPart: Hashable, Sendable {
    /// The field's name; nil if the part has none.
    package var name: String?
    /// The file's name; nil for a plain field.
    package var fileName: String?
    /// The part's `Content-Type`; nil if it has none.
    package var contentType: String?
    /// Size of the head as received.
    package var headBytes: Int

    /// A head.
    package init(
        name: String? = nil, fileName: String? = nil, contentType: String? = nil, headBytes: Int
    ) {
        self.name = name
        self.fileName = fileName
        self.contentType = contentType
        self.headBytes = headBytes
    }
}

/// Splits a `multipart/form-data` body (RFC 7578) into parts while it arrives. It holds at most
/// one head and one delimiter, however large the body is.
package struct MultipartParser: Sendable {
    /// A step in the body.
    package enum Event {
        case began(MultipartPart)
        /// The next bytes of the part; valid during the call only.
        case bytes(UnsafeRawBufferPointer)
        case ended
        /// The closing delimiter; what follows it is ignored.
        case closed
        /// The body is not a form; the rest of it is ignored.
        case malformed(String)
    }

    private enum Phase { case preamble, delimiter, head, body, over }

    /// Largest head of a part.
    private static let headBytesMax = 16 << 10

    private let delimiter: [UInt8]
    private var phase = Phase.preamble
    /// Bytes that no step has used yet. The first line end lets the first delimiter match.
    private var held: [UInt8] = [13, 10]

    /// - Returns: nil unless the content type is `multipart/form-data` with a boundary of 1 to 70
    ///   characters (RFC 2046, 5.1.1).
    package init?(contentType: String) {
        guard Self.isForm(contentType),
            let boundary = HeaderParameters(contentType)["boundary"],
            (1...70).contains(boundary.utf8.count)
        else { return nil }
        delimiter = Array("\r\n--\(boundary)".utf8)
    }

    /// True for the media type of a form, with or without a boundary.
    package static func isForm(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " }
        return type.lowercased() == "multipart/form-data"
    }

    /// True after the closing delimiter.
    package private(set) var isClosed = false

    /// Reads the next bytes of the body and reports what they hold.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer, _ report: (Event) -> Void) {
        if phase == .over { return }
        var joined = held
        held = []
        joined.append(contentsOf: bytes)
        let used = joined.withUnsafeBytes { read($0, report) }
        if phase != .over { held = Array(joined[used...]) }
    }

    /// - Returns: The number of bytes that were used.
    private mutating func read(_ bytes: UnsafeRawBufferPointer, _ report: (Event) -> Void) -> Int {
        var used = 0
        while phase != .over {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[used...])
            let before = phase
            let count = step(rest, report)
            used += count
            if count == 0, phase == before { break }
        }
        return used
    }

    /// - Returns: The number of bytes used; 0 in the same phase if it needs more of them.
    private mutating func step(_ rest: UnsafeRawBufferPointer, _ report: (Event) -> Void) -> Int {
        switch phase {
        case .preamble, .body:
            let isBody = phase == .body
            let end = Self.find(delimiter, in: rest)
            let count = end ?? max(0, rest.count - delimiter.count + 1)
            if isBody, count > 0 {
                report(.bytes(UnsafeRawBufferPointer(rebasing: rest[..<count])))
            }
            guard end != nil else { return count }
            if isBody { report(.ended) }
            phase = .delimiter
            return count + delimiter.count
        case .delimiter:
            guard rest.count >= 2 else { return 0 }
            if rest[0] == UInt8(ascii: "-"), rest[1] == UInt8(ascii: "-") {
                isClosed = true
                end(.closed, report)
            } else {
                phase = .head
            }
            return 0
        case .head: return readHead(rest, report)
        case .over: return 0
        }
    }

    private mutating func readHead(
        _ rest: UnsafeRawBufferPointer, _ report: (Event) -> Void
    ) -> Int {
        guard let end = Self.find([13, 10, 13, 10], in: rest), end <= Self.headBytesMax else {
            if rest.count > Self.headBytesMax {
                self.end(.malformed("The head of a part is too large."), report)
            }
            return 0
        }
        var part = MultipartPart(headBytes: end)
        let text = String(decoding: rest[..<end], as: UTF8.self)
        for line in text.split(separator: "\r\n") {
            let sides = line.split(separator: ":", maxSplits: 1)
            guard sides.count == 2 else { continue }
            let value = String(sides[1].trimmingPrefix { $0 == " " })
            switch sides[0].lowercased() {
            case "content-disposition":
                let parameters = HeaderParameters(value)
                part.name = parameters["name"]
                part.fileName = parameters["filename"] ?? parameters.extended("filename")
            case "content-type": part.contentType = value
            default: break
            }
        }
        phase = .body
        report(.began(part))
        return end + 4
    }

    private mutating func end(_ event: Event, _ report: (Event) -> Void) {
        phase = .over
        report(event)
    }

    private static func find(_ pattern: [UInt8], in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        let last = bytes.count - pattern.count
        var start = 0
        while start <= last,
            let hit = memchr(base + start, Int32(pattern[0]), last - start + 1)
        {
            if memcmp(hit, pattern, pattern.count) == 0 { return UnsafeRawPointer(hit) - base }
            start = UnsafeRawPointer(hit) - base + 1
        }
        return nil
    }
}
