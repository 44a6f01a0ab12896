import FuzzTargets
import Foundation
import Randomness
import Testing

/// Inputs of the fuzzer, and seeded changes of them: `SPOOL_FUZZ_COUNT` for each parser, 300 if it
/// is not set, from `SPOOL_TEST_SEED`.
@Suite struct FuzzReplayTests {
    private static let folder = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/fuzz")

    private static func inputs(_ target: FuzzTarget) throws -> [[UInt8]] {
        let folder = folder.appending(path: target.rawValue)
        return try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
            Array(try Data(contentsOf: folder.appending(path: $0)))
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `a parser returns for every stored input`(target: FuzzTarget) throws {
        let inputs = try Self.inputs(target)

        #expect(!inputs.isEmpty)
        for bytes in inputs { target.run(bytes) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `a parser returns for changed inputs`(target: FuzzTarget) throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["SPOOL_FUZZ_COUNT"].flatMap { Int($0) } ?? 300
        let seed = environment["SPOOL_TEST_SEED"].flatMap { UInt64($0) } ?? 13
        var random = SeededGenerator(seed: seed)
        let inputs = try Self.inputs(target)
        for _ in 0..<count {
            var bytes = inputs[Int.random(in: 0..<inputs.count, using: &random)]
            for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch UInt8.random(in: 0...3, using: &random) {
                case 0: bytes[index] = .random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(contentsOf: bytes[index...].prefix(8), at: index)
                default: bytes.removeSubrange(index...)
                }
            }
            target.run(bytes)
        }
    }
}
