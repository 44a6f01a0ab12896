/// A whole answer.
struct HTTPResponse: Sendable, Hashable {
    var status: Int
    var headers: HTTPHeaderFields
    var body: [UInt8]
    /// False when only the end of the connection ends the body; it is not read
    /// then, for nobody could tell whether it is whole.
    var isFramed: Bool
    var keepsConnection: Bool

    /// The first value of a header; nil when it is absent or empty.
    func header(_ name: StaticString) -> String? {
        headers.first(name).flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
    }
}

/// Header lines as they came; only what is asked for becomes text.
struct HTTPHeaderFields: Sendable, Hashable {
    private struct Field: Hashable {
        var name: Range<Int>
        var value: Range<Int>
    }

    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    /// - Parameter colon: Where in the line the name ends.
    /// - Parameter value: What is left of the line without spaces around it.
    mutating func append(_ line: [UInt8], colon: Int, value: Range<Int>) {
        if fields.isEmpty {
            bytes.reserveCapacity(768)
            fields.reserveCapacity(12)
        }
        let start = bytes.count
        bytes.append(contentsOf: line)
        fields.append(
            Field(
                name: start..<start + colon,
                value: start + value.lowerBound..<start + value.upperBound))
    }

    /// The first value of that name, in any case.
    func first(_ name: StaticString) -> ArraySlice<UInt8>? {
        fields.first { isNamed($0, name) }.map { bytes[$0.value] }
    }

    func all(_ name: StaticString) -> [ArraySlice<UInt8>] {
        var found: [ArraySlice<UInt8>] = []
        for field in fields where isNamed(field, name) { found.append(bytes[field.value]) }
        return found
    }

    private func isNamed(_ field: Field, _ name: StaticString) -> Bool {
        guard field.name.count == name.utf8CodeUnitCount else { return false }
        // Names are tokens: setting this bit makes letters lower-case and
        // confuses no two bytes that occur in the names we ask for.
        let wanted = name.utf8Start
        for place in 0..<field.name.count
        where bytes[field.name.lowerBound + place] | 0x20 != wanted[place] | 0x20 {
            return false
        }
        return true
    }
}

/// Why an answer is not HTTP/1.1 as we accept it.
struct HTTPParseError: Error, Sendable, Hashable, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// Most that an answer may hold.
struct HTTPLimits: Sendable, Hashable {
    /// Status line, headers and trailers together.
    var headBytesMax = 64 << 10
    /// Lambda's events end at 6 MiB and some bytes; the rest is slack.
    var bodyBytesMax = 7 << 20
    /// 100 Continue and its like before the answer.
    var interimAnswersMax = 8
}
