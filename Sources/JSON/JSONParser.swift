extension JSONValue {
    /// Parses a JSON document (RFC 8259).
    ///
    /// Parsing a request with a `Decoder`, which tries each type in turn, took half a
    /// minute for the 10 MB that a body may have. This parser is stricter than the RFC in
    /// one point: it rejects a duplicate key in an object as ambiguous.
    /// - Throws: A syntax error, also for more levels than `JSONLimits.nestingMax`.
    package init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }
}

/// The syntax error of a text that is not JSON.
package struct JSONSyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Offset of the fault in the document, in bytes.
    package let offsetBytes: Int
    /// The expected or unexpected text at the offset.
    package let reason: String

    package var description: String {
        "The body is not JSON: \(reason) at byte \(offsetBytes)."
    }
}

private struct JSONParser {
    private let bytes: [UInt8]
    private var index = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONSyntaxError) -> JSONValue {
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { index = 3 }  // a byte order mark
        let value = try value(depth: 0)
        skipSpace()
        guard index == bytes.count else { throw fault("unexpected text after the document") }
        return value
    }

    /// The current byte; nil at the end.
    private var here: UInt8? { index < bytes.count ? bytes[index] : nil }

    private func fault(_ reason: String) -> JSONSyntaxError {
        JSONSyntaxError(offsetBytes: index, reason: reason)
    }

    private mutating func skipSpace() {
        while let byte = here, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            index += 1
        }
    }

    /// Skips the current byte if it is the given one.
    /// - Returns: True if it was skipped.
    private mutating func accept(_ byte: Unicode.Scalar) -> Bool {
        guard here == UInt8(ascii: byte) else { return false }
        index += 1
        return true
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        skipSpace()
        guard let byte = here else { throw fault("missing value") }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw fault("invalid value")
        }
    }

    private mutating func word(
        _ word: StaticString, _ value: JSONValue
    ) throws(JSONSyntaxError) -> JSONValue {
        for byte in word.description.utf8 {
            guard here == byte else { throw fault("invalid value") }
            index += 1
        }
        return value
    }

    private mutating func open(depth: Int) throws(JSONSyntaxError) {
        guard depth < JSONLimits.nestingMax else {
            throw fault("more than \(JSONLimits.nestingMax) levels")
        }
        index += 1
        skipSpace()
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try open(depth: depth)
        if accept("]") { return .array([]) }
        var values: [JSONValue] = []
        while true {
            values.append(try value(depth: depth + 1))
            skipSpace()
            if accept("]") { return .array(values) }
            guard accept(",") else { throw fault("missing comma in array") }
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try open(depth: depth)
        if accept("}") { return .object([:]) }
        var fields: [String: JSONValue] = [:]
        while true {
            skipSpace()
            guard here == UInt8(ascii: "\"") else { throw fault("missing key in object") }
            let start = index
            let name = try string()
            skipSpace()
            guard accept(":") else { throw fault("missing colon after key") }
            let value = try value(depth: depth + 1)
            guard fields.updateValue(value, forKey: name) == nil else {
                index = start
                throw fault("duplicate key \(JSONReader.quoted(name))")
            }
            skipSpace()
            if accept("}") { return .object(fields) }
            guard accept(",") else { throw fault("missing comma in object") }
        }
    }
}

extension JSONParser {
    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = index
        _ = accept("-")
        if !accept("0") { try digits() }
        var isInteger = true
        if accept(".") {
            try digits()
            isInteger = false
        }
        if accept("e") || accept("E") {
            if !accept("+") { _ = accept("-") }
            try digits()
            isInteger = false
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        // A negative zero exists only as a double.
        if isInteger, let integer = Int(text), integer != 0 || text == "0" {
            return .integer(integer)
        }
        guard let number = Double(text), number.isFinite else {
            index = start
            throw fault("number too large")
        }
        return .number(number)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = index
        while let byte = here, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            index += 1
        }
        guard index > start else { throw fault("missing digit in number") }
    }

    /// Parses the string whose opening quotation mark is the current byte.
    private mutating func string() throws(JSONSyntaxError) -> String {
        let opening = index
        index += 1
        var start = index
        // The text before the last escape, with its escapes replaced.
        var unescaped: [UInt8] = []
        while let byte = here {
            if byte == UInt8(ascii: "\"") {
                let text = unescaped + bytes[start..<index]
                index += 1
                guard let string = String(validating: text, as: UTF8.self) else {
                    index = opening
                    throw fault("invalid UTF-8 in string")
                }
                return string
            } else if byte == UInt8(ascii: "\\") {
                unescaped += bytes[start..<index]
                index += 1
                unescaped += String(try escape()).utf8
                start = index
            } else if byte < 0x20 {
                throw fault("control character in string")
            } else {
                index += 1
            }
        }
        index = opening
        throw fault("unterminated string")
    }

    /// Parses the character whose escape letter is the current byte.
    private mutating func escape() throws(JSONSyntaxError) -> Character {
        let letter = here
        index += 1
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return Character(try scalar())
        default: throw fault("unknown escape")
        }
    }

    /// Parses a scalar of four hexadecimal digits, or of two surrogates.
    private mutating func scalar() throws(JSONSyntaxError) -> Unicode.Scalar {
        var code = try hexadecimal()
        if (0xd800...0xdbff).contains(code), accept("\\"), accept("u") {
            let low = try hexadecimal()
            guard (0xdc00...0xdfff).contains(low) else { throw fault("unpaired surrogate") }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("unpaired surrogate") }
        return scalar
    }

    private mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = here, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw fault("missing digit in escape")
            }
            code = code << 4 + UInt32(digit)
            index += 1
        }
        return code
    }
}
