@testable import EmulatorStore
import Foundation
import ObjectStore
import Randomness
import Testing
import TestSupport

/// Every valid key is stored under exactly that key and nowhere outside the folder.
@Suite struct StoreKeyTests {
    /// Texts with a meaning in file systems, URLs, XML or SQL.
    private static let pieces = [
        "..", ".", "/", "//", "../", "a", "A", "%", "%2e%2e%2f", "%00", "+", " ", "\\", "\"", "'",
        "&", "<", ">", ";", "?", "#", "*", "~", "$(x)", "`", "|", "ü", "u\u{308}", "漢字", "🎬",
        "\u{202E}", "\u{FEFF}", "\u{7F}", "\u{1}", "\u{1F}", "\t", "\n", "\r", "CON", "nul",
        "-rf", "data/00", "spool.sqlite", "tmp",
    ]

    private static func key(_ generator: inout SeededGenerator) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 1...12, using: &generator) {
            text += pieces.randomElement(using: &generator) ?? "a"
        }
        if Int.random(in: 0..<8, using: &generator) == 0 {
            text += String(repeating: "x", count: max(0, 1_024 - text.utf8.count))
        }
        return String(decoding: text.utf8.prefix(1_024), as: UTF8.self)
    }

    private func everyPath(below folder: String) throws -> Set<String> {
        Set(try FileManager.default.subpathsOfDirectory(atPath: folder))
    }

    @Test(arguments: testSeeds(1, environment: ProcessInfo.processInfo.environment))
    func `random keys stay distinct and inside the folder`(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        var keys: [ObjectKey: [UInt8]] = [:]
        for number in 0..<300 {
            let key = ObjectKey(Self.key(&generator))
            if key.isValid { keys[key] = Array("body \(number)".utf8) }
        }
        try await withTemporaryFolder { outer in
            let folder = outer + "/inside"
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            try await withStore(in: folder, inlineBytesMax: 6) { store in
                let bucket = try store.bucket()
                for (key, body) in keys {
                    try await bucket.putObject(.bytes(body), at: key, options: PutOptions())
                }
                for (key, body) in keys {
                    let got = try await bucket.getObject(
                        key, range: nil, ifMatch: nil, bytesMax: 100)
                    #expect(got.body == body, "seed \(seed): \(key.text.debugDescription)")
                }
                let listed = try await bucket.listAllObjects(prefix: "").map(\.key)
                #expect(listed == keys.keys.sorted(), "seed \(seed)")

                // Every file has a generated name and is inside the folder.
                #expect(try FileManager.default.contentsOfDirectory(atPath: outer) == ["inside"])
                let names = try everyPath(below: folder + "/store")
                #expect(
                    names.allSatisfy { path in
                        path.utf8.allSatisfy { "0123456789abcdefdtmp/".utf8.contains($0) }
                    }, "seed \(seed)")
                let refused = try await bucket.deleteObjects(Array(keys.keys))
                #expect(refused.isEmpty, "seed \(seed): \(refused)")
                #expect(try await bucket.listAllObjects(prefix: "").isEmpty, "seed \(seed)")
            }
        }
    }
}
