import Foundation
@testable import JSON
@testable import Randomness
import Testing
import TestSupport

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue {
        try JSONValue(parsing: Array(text.utf8))
    }

    @Test func `every kind of value is read`() throws {
        let text = #" {"a" : [1, -2.5e-3, 0, true, false, null], "b":{}, "c":[], "":"é😀"} "#

        #expect(
            try parse(text) == [
                "a": [1, -0.0025, 0, true, false, .null], "b": [:], "c": [], "": "é😀",
            ])
    }

    @Test func `escapes become their characters`() throws {
        let text = #""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\u0000""#

        #expect(try parse(text) == .string("\"\\/\u{8}\u{c}\n\r\tAé😀\u{0}"))
    }

    @Test func `a byte order mark is skipped`() throws {
        #expect(try JSONValue(parsing: [0xef, 0xbb, 0xbf] + Array("[1]".utf8)) == [1])
    }

    @Test(arguments: [
        ("", 0, "missing value"), ("{", 1, "missing key in object"),
        ("[1,]", 3, "invalid value"), ("[1 2]", 3, "missing comma in array"),
        ("{\"a\" 1}", 5, "missing colon after key"),
        ("{\"a\":1 \"b\":2}", 7, "missing comma in object"),
        ("{\"a\":1,}", 7, "missing key in object"), ("{'a':1}", 1, "missing key in object"),
        ("nul", 3, "invalid value"), ("True", 0, "invalid value"),
        ("01", 1, "unexpected text after the document"), ("-", 1, "missing digit in number"),
        ("1.", 2, "missing digit in number"), (".5", 0, "invalid value"),
        ("1e", 2, "missing digit in number"), ("+1", 0, "invalid value"),
        ("[1e999]", 1, "number too large"), ("NaN", 0, "invalid value"),
        ("\"a", 0, "unterminated string"), ("\"a\nb\"", 2, "control character in string"),
        ("\"\\x\"", 3, "unknown escape"), ("\"\\u12g4\"", 5, "missing digit in escape"),
        ("\"\\ud800\"", 7, "unpaired surrogate"),
        ("\"\\ud800\\u0041\"", 13, "unpaired surrogate"),
        ("\"\\udc00\"", 7, "unpaired surrogate"),
        ("[] []", 3, "unexpected text after the document"),
        ("{\"a\":1,\"a\":2}", 7, "duplicate key \"a\""),
    ])
    func `invalid JSON is refused at its offset`(text: String, offset: Int, reason: String) {
        #expect(throws: JSONSyntaxError(offsetBytes: offset, reason: reason)) { try parse(text) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONSyntaxError(offsetBytes: 1, reason: "invalid UTF-8 in string")) {
            try JSONValue(parsing: [0x5b, 0x22, 0xff, 0x22, 0x5d])
        }
    }

    @Test func `64 levels of nesting are the maximum`() {
        let text = String(repeating: "[", count: 100_000)

        #expect(
            throws: JSONSyntaxError(offsetBytes: 64, reason: "more than 64 levels")
        ) {
            try parse(text)
        }
    }

    @Test func `the error is one sentence`() {
        let error = JSONSyntaxError(offsetBytes: 3, reason: "unterminated string")

        #expect("\(error)" == "The body is not JSON: unterminated string at byte 3.")
    }

    /// Foundation's decoder is the reference: what we read, it reads the same;
    /// what it refuses, we refuse. It accepts a comma at the end of an array
    /// and a repeated field; we refuse both.
    @Test func `mutated documents are read as Foundation reads them`() throws {
        let texts = try EditFixture.all.map {
            Array(String(decoding: try JSONEncoder().encode($0.request), as: UTF8.self).utf8)
        }
        let alphabet = Array(#"{}[]",:\0123456789.eE+-tfnu aé"#.utf8)
        for seed in testSeeds(2_000) {
            var random = SeededGenerator(seed: seed)
            var bytes = try #require(texts.randomElement(using: &random))
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes.remove(at: place)
                case 1: bytes[place] = alphabet.randomElement(using: &random) ?? 0
                default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
                }
            }

            let ours = (try? JSONValue(parsing: bytes)).map(Self.doubles)
            let reference = (try? JSONDecoder().decode(JSONValue.self, from: Data(bytes)))
                .map(Self.doubles)

            let text = String(decoding: bytes, as: UTF8.self)
            if let ours { #expect(ours == reference, "\(replayCommand(seed)) \(text)") }
            if ours == nil, reference != nil {
                let error = #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: bytes) }
                let isTwice = error?.reason.hasPrefix("duplicate key") ?? false
                let closing = error.map { bytes[min($0.offsetBytes, bytes.count - 1)] }
                let isComma = closing == UInt8(ascii: "]") || closing == UInt8(ascii: "}")
                #expect(isTwice || isComma, "\(replayCommand(seed)) \(text)")
            }
        }
    }

    /// The value with every number as a double: Foundation reads `2.0` as an integer.
    private static func doubles(_ value: JSONValue) -> JSONValue {
        switch value {
        case .integer(let number): .number(Double(number))
        case .array(let values): .array(values.map(doubles))
        case .object(let members): .object(members.mapValues(doubles))
        case .null, .bool, .number, .string: value
        }
    }
}
