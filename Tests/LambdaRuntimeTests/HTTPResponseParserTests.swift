@testable import LambdaRuntime
import Randomness
import Testing
import TestSupport

@Suite struct `HTTP answers` {
    private func parse(_ text: String, pieceBytes: Int = .max) throws -> RuntimeAPIResponse? {
        let limits = HTTPLimits(headBytesMax: 300, bodyBytesMax: 40, interimResponseCountMax: 2)
        var parser = HTTPResponseParser(limits: limits)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            try parser.consume(rest.prefix(pieceBytes))
            rest = rest.dropFirst(pieceBytes)
        }
        return parser.response
    }

    private static let whole = [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \t\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nX-A: b\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "2\r\nhe\r\n3;x=\"y\"\r\nllo\r\n0\r\nTrailer-A: t\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200\r\nX-A: b\r\ncontent-length: 5\r\n\r\nhello",
    ]

    @Test(arguments: whole, [1, 2, 3, 7, 1000])
    func `a response reads the same in pieces of any size`(text: String, pieceBytes: Int) throws {
        let response = try #require(try parse(text, pieceBytes: pieceBytes))

        #expect(response.status == 200)
        #expect(response.body == Array("hello".utf8))
        #expect(response.header("x-a") == "b")
        #expect(response.keepsConnection && response.isFramed)
    }

    @Test(arguments: whole) func `no proper part of a response is a response`(text: String) throws {
        for count in 0..<text.utf8.count {
            #expect(try parse(String(decoding: text.utf8.prefix(count), as: UTF8.self)) == nil)
        }
    }

    @Test func `a response without a length is not framed`() throws {
        let response = try #require(try parse("HTTP/1.0 202 Accepted\r\n\r\nwhatever"))

        #expect(
            response
                == RuntimeAPIResponse(
                    status: 202, headers: HTTPHeaderFields(), body: [], isFramed: false,
                    keepsConnection: false))
    }

    @Test func `Connection close ends the connection, a 204 has no body`() throws {
        let closing = try parse(
            "HTTP/1.1 202 A\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n")
        let empty = try parse("HTTP/1.1 204 No Content\r\n\r\n")

        #expect(closing?.keepsConnection == false)
        #expect(empty?.keepsConnection == true)
    }

    @Test(arguments: [
        ("HTTP/2 200\r\n\r\n", "the response does not start with HTTP/1.1"),
        ("HTTP/1.1 20x\r\n", "the status is not a number of three digits"),
        ("HTTP/1.1 2000\r\n", "the status is not a number of three digits"),
        ("HTTP/1.1 700 X\r\n", "there is no status 700"),
        ("HTTP/1.1 200 OK\n", "a line ends in LF without CR"),
        ("HTTP/1.1 200 OK\r\nA: b\rc\r\n", "a line holds a control character"),
        ("HTTP/1.1 200 OK\r\nA: b\0c\r\n", "a line holds a control character"),
        ("HTTP/1.1 200 OK\r\nA : b\r\n", "a header line is not a name, a colon and a value"),
        ("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", "a header line is not a name, a colon and a value"),
        ("HTTP/1.1 200 OK\r\n: b\r\n", "a header line is not a name, a colon and a value"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "the body's length is given more than once"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "the body's length is given more than once"
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "Content-Length is not a number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n", "the body is larger than 40 bytes"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "the transfer encoding gzip, chunked is not accepted"
        ),
        (
            "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "the transfer encoding chunked is not accepted"
        ),
        ("HTTP/1.1 204 No\r\nContent-Length: 1\r\n\r\n", "a 204 has a body"),
        ("HTTP/1.1 101 Switch\r\n\r\n", "the interim status 101 was not requested"),
        (
            String(repeating: "HTTP/1.1 100 C\r\n\r\n", count: 3),
            "the interim status 100 was not requested"
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
            "there are bytes after the end of the response"
        ),
        (
            "HTTP/1.1 200 OK\r\nA: " + String(repeating: "b", count: 300),
            "the head is larger than 300 bytes"
        ),
    ])
    func `a malformed response is refused with its reason`(text: String, reason: String) {
        #expect(throws: HTTPParseError(reason)) { try parse(text) }
        #expect(throws: HTTPParseError(reason)) { try parse(text, pieceBytes: 1) }
    }

    @Test(arguments: [
        ("x\r\n", "a chunk's size is not a hexadecimal number"),
        ("\r\n", "a chunk's size is not a hexadecimal number"),
        ("-1\r\n", "a chunk's size is not a hexadecimal number"),
        ("0x1\r\n", "a chunk's size is not a hexadecimal number"),
        ("1 \r\n", "a chunk's size is not a hexadecimal number"),
        ("fffffffff\r\n", "a chunk's size is not a hexadecimal number"),
        ("29\r\n", "the body is larger than 40 bytes"),
        (
            "20\r\n" + String(repeating: "a", count: 32) + "\r\n9\r\n",
            "the body is larger than 40 bytes"
        ),
        ("1\r\nab\r\n", "a chunk is longer than it says"),
        ("0\r\nbad trailer\r\n", "a header line is not a name, a colon and a value"),
    ])
    func `malformed chunks are refused`(chunks: String, reason: String) {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

        #expect(throws: HTTPParseError(reason)) { try parse(head + chunks) }
    }
}

@Suite struct `HTTP answers, damaged` {
    private enum Outcome: Equatable {
        case refused(HTTPParseError)
        case unfinished
        case whole(RuntimeAPIResponse)
    }

    private func outcome(_ bytes: [UInt8], cutAt cut: Int) -> Outcome {
        var parser = HTTPResponseParser(limits: HTTPLimits(headBytesMax: 400, bodyBytesMax: 100))
        do {
            try parser.consume(bytes[..<cut])
            try parser.consume(bytes[cut...])
        } catch {
            return .refused(error)
        }
        return parser.response.map(Outcome.whole) ?? .unfinished
    }

    @Test func `a damaged response never traps and reads the same in two pieces`() {
        let answers = [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \t\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "HTTP/1.1 100 C\r\n\r\nHTTP/1.0 204 N\r\nConnection: close\r\n\r\n",
        ].map { Array($0.utf8) }
        let spice = Array("\r\n\0\t :;,0123456789abcfghHTP-\u{7F}".utf8)
        let seeds = testSeeds(3_000)
        var wholeCount = 0
        for seed in seeds {
            var generator = SeededGenerator(seed: seed)
            var bytes = answers.randomElement(using: &generator)!
            for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                let index = bytes.indices.randomElement(using: &generator)!
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes.remove(at: index)
                case 1: bytes[index] = spice.randomElement(using: &generator)!
                case 2: bytes.insert(spice.randomElement(using: &generator)!, at: index)
                default: bytes.insert(contentsOf: bytes[index...].prefix(12), at: index)
                }
            }
            let cut = Int.random(in: 0...bytes.count, using: &generator)

            let once = outcome(bytes, cutAt: 0)

            #expect(
                outcome(bytes, cutAt: cut) == once,
                "\(replayCommand(seed)) \(String(decoding: bytes, as: UTF8.self))")
            if case .whole(let response) = once {
                wholeCount += 1
                #expect((100...599).contains(response.status) && response.body.count <= 100)
            }
        }
        // A replayed seed is a single response.
        #expect(seeds.count == 1 || wholeCount > 100)
    }
}
