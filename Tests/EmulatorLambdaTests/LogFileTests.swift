import Foundation
import Testing
import TestSupport

@testable import EmulatorLambda

@Suite struct LogFileTests {
    private let folder = LocalFile.temporaryFolder()
    private var path: String { folder + "/spool.log" }

    private func file(bytesMax: Int = 1_000, fileCountMax: Int = 3) throws -> LogFile {
        var configuration = LogFileConfiguration(path: path)
        (configuration.bytesMax, configuration.fileCountMax) = (bytesMax, fileCountMax)
        return try LogFile(configuration)
    }

    private func line(_ number: Int) -> [UInt8] { Array("{\"line\":\(number)}\n".utf8) }

    private func lines(_ suffix: String = "") -> [Substring] {
        let text = try? String(contentsOfFile: path + suffix, encoding: .utf8)
        return (text ?? "").split(separator: "\n")
    }

    @Test func `lines are rotated by size and no line is split`() async throws {
        let log = try file(bytesMax: 100)
        for number in 0..<40 { log.append(line(number)) }
        await log.close()

        let all = lines(".2") + lines(".1") + lines()
        #expect(!FileManager.default.fileExists(atPath: path + ".3"))
        #expect(all == (40 - all.count..<40).map { "{\"line\":\($0)}" })
        #expect(lines(".1").joined(separator: "\n").utf8.count < 100)
    }

    @Test func `a file that another program moved is opened again`() async throws {
        let log = try file()
        log.append(line(1))
        await log.close()
        let second = try file()
        try FileManager.default.moveItem(atPath: path, toPath: path + ".moved")
        second.append(line(2))
        await second.close()

        #expect(lines(".moved") == ["{\"line\":1}"])
        #expect(lines() == ["{\"line\":2}"])
    }

    @Test func `dropped lines are counted in the log`() {
        var writer = LogFileWriter(LogFileConfiguration(path: path))
        let dropped = DroppedLines()
        dropped.add(7)
        writer.write([line(1)], dropped)
        writer.close()

        #expect(lines().count == 2)
        #expect(lines()[0].contains("\"count\":7"))
        #expect(dropped.take() == 0)
    }

    @Test func `a full disk drops lines and writes no part of one`() {
        var writer = LogFileWriter(LogFileConfiguration(path: "/dev/full"))
        let dropped = DroppedLines()
        writer.write([line(1), line(2)], dropped)
        writer.close()

        #expect(dropped.take() == 2)
    }

    @Test(arguments: [
        ["SPOOL_LOG_FILE": "/tmp/x", "SPOOL_LOG_FILE_BYTES": "1"],
        ["SPOOL_LOG_FILE": "/tmp/x", "SPOOL_LOG_FILE_COUNT": "many"],
    ])
    func `a wrong setting is refused`(environment: [String: String]) {
        #expect(throws: LogFileError.self) { try LogFileConfiguration(environment: environment) }
    }

    @Test func `a file that cannot be opened is refused`() {
        #expect(throws: LogFileError.self) {
            try LogFile(LogFileConfiguration(path: "\(folder)/missing/spool.log"))
        }
    }
}
