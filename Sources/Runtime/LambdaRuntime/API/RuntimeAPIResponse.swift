/// A complete response of the Runtime API.
struct RuntimeAPIResponse: Sendable, Hashable {
    var status: Int
    var headers: HTTPHeaderFields
    var body: [UInt8]
    /// False when only the end of the connection ends the body. It is not read then:
    /// it may be truncated.
    var isFramed: Bool
    var keepsConnection: Bool

    /// First value of a header; nil when absent or empty.
    func header(_ name: StaticString) -> String? {
        headers.first(name).flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
    }
}

/// Header lines as received; only requested values become strings.
struct HTTPHeaderFields: Sendable, Hashable {
    private struct Field: Hashable {
        var name: Range<Int>
        var value: Range<Int>
    }

    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    /// - Parameter colon: Index of the colon in the line.
    /// - Parameter value: Range of the value without surrounding space.
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

    /// First value with this name, ignoring case.
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
        // Names are tokens: setting this bit makes letters lower-case and maps no
        // two bytes of the requested names to one.
        let wanted = name.utf8Start
        for place in 0..<field.name.count
        where bytes[field.name.lowerBound + place] | 0x20 != wanted[place] | 0x20 {
            return false
        }
        return true
    }
}

/// A response that is not acceptable HTTP/1.1.
struct HTTPParseError: Error, Sendable, Hashable, CustomStringConvertible {
    var description: String
    /// The request ID of an event that cannot be used: the runtime reports an error for it.
    var requestID: String?

    init(_ description: String, requestID: String? = nil) {
        self.description = description
        self.requestID = requestID
    }
}

/// Limits of a response.
struct HTTPLimits: Sendable, Hashable {
    /// Bytes of status line, headers and trailers together.
    var headBytesMax = 64 << 10
    /// Bytes of the body. Lambda's events have little more than 6 MiB; those of the emulator hold
    /// bodies of 10 MB as JSON strings, in which quotes take two bytes. The emulator refuses a
    /// request with a larger event (`LambdaConfiguration.eventBytesMax`).
    var bodyBytesMax = 24 << 20
    /// Interim responses (100 to 199) before the response.
    var interimResponseCountMax = 8
}
