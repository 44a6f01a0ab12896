import FoundationEssentials
package import Randomness

extension SeededGenerator {
    /// Returns a number from 0 up to, but not including, a positive limit.
    package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// Returns the seeds of one property test, from the environment of this process.
package func testSeeds(_ count: Int) -> [UInt64] {
    testSeeds(count, environment: ProcessInfo.processInfo.environment)
}

/// Returns the seeds of one property test: `SPOOL_TEST_SEED` if it is set, else
/// `count` new ones, multiplied by `SPOOL_TEST_RUNS` if that is set.
///
/// Each failure prints `replayCommand(seed)`.
package func testSeeds(_ count: Int, environment: [String: String]) -> [UInt64] {
    if let text = environment["SPOOL_TEST_SEED"] {
        guard let seed = UInt64(text) else {
            preconditionFailure("SPOOL_TEST_SEED is a number of 64 bits, not \"\(text)\"")
        }
        return [seed]
    }
    let runs = environment["SPOOL_TEST_RUNS"].flatMap { Int($0) } ?? 1
    var system = SystemRandomNumberGenerator()
    return (0..<count * max(1, runs)).map { _ in system.next() }
}

/// Returns the command that repeats a suite with one seed.
/// - Parameter fileID: The calling file, which has the name of its suite.
package func replayCommand(_ seed: UInt64, fileID: String = #fileID) -> String {
    let file = fileID.split(separator: "/").last ?? ""
    let suite = file.split(separator: ".").first ?? ""
    return "SPOOL_TEST_SEED=\(seed) swift test --filter \(suite)"
}
