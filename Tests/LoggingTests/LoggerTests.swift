import Foundation
import JSON
import Logging
import Testing
import TestSupport
import WallClock

@Suite struct LoggerTests {
    private func logger(_ level: LogLevel, into lines: LogLines) -> Logger {
        Logger(level: level, sink: { lines.append($0) }, clock: { 1_740_820_087_006 })
    }

    @Test func `a line has timestamp, level, message and the fields by name`() {
        let lines = LogLines()

        logger(.info, into: lines).with(["requestId": "r1", "function": "f"])
            .info("done", ["frames": 12, "ok": true, "ratio": 0.5, "requestId": "r2"])

        #expect(
            lines.all == [
                #"{"timestamp":"2025-03-01T09:08:07.006Z","level":"INFO","message":"done","#
                    + #""frames":12,"function":"f","ok":true,"ratio":0.5,"requestId":"r2"}"# + "\n"
            ])
    }

    @Test func `a line below the level is not written`() {
        let lines = LogLines()
        let logger = logger(.warning, into: lines)

        logger.debug("a")
        logger.info("b")
        logger.warning("c")
        logger.error("d")

        #expect(lines.all.map { $0.contains("\"c\"") || $0.contains("\"d\"") } == [true, true])
    }

    @Test func `every control character, quote and emoji survives a JSON reader`() throws {
        let text =
            String(String.UnicodeScalarView((0...0x7F).map { Unicode.Scalar($0) })) + "é🎬\u{2028}"

        let read = try JSONDecoder().decode(String.self, from: Data(JSONText.string(text)))

        #expect(read == text)
    }

    @Test func `a field never shadows the line's own three, and no number is NaN`() throws {
        let lines = LogLines()

        logger(.info, into: lines).info("m", ["timestamp": "x", "n": .double(.nan)])

        let line = try #require(lines.all.first)
        let read = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
        #expect(
            read == [
                "timestamp": "2025-03-01T09:08:07.006Z", "level": "INFO", "message": "m",
                "_timestamp": "x",
                "n": "nan",
            ])
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
    ])
    func `times are RFC 3339 in UTC`(milliseconds: Int, text: String) {
        #expect(UnixTime(milliseconds: milliseconds).rfc3339 == text)
    }

    @Test func `Lambda's level names are understood`() {
        let names = ["TRACE", "debug", "INFO", "WARN", "error", "FATAL", "loud"]

        #expect(
            names.map(LogLevel.init(name:))
                == [.debug, .debug, .info, .warning, .error, .error, nil])
    }
}
