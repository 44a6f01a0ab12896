import FoundationEssentials

/// Random numbers that a seed replays (SplitMix64, Steele et al. 2014).
package struct SeededGenerator: RandomNumberGenerator {
    /// Value of `SPOOL_TEST_SEED` that gives the same numbers again.
    package let seed: UInt64
    private var state: UInt64

    /// The sequence of a seed.
    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The next 64 bits of the sequence.
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, but not including, a positive limit.
    package mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// The seeds of one property test by the environment of this process.
package func testSeeds(_ count: Int) -> [UInt64] {
    testSeeds(count, environment: ProcessInfo.processInfo.environment)
}

/// The seeds of one property test: the one of `SPOOL_TEST_SEED` where it is set, else `count`
/// new ones, times `SPOOL_TEST_RUNS` where that is set.
///
/// Every failure prints `replayCommand(seed)`.
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

/// The command that runs a suite again with one seed.
/// - Parameter fileID: Of the calling file, which has the name of its suite.
package func replayCommand(_ seed: UInt64, fileID: String = #fileID) -> String {
    let file = fileID.split(separator: "/").last ?? ""
    let suite = file.split(separator: ".").first ?? ""
    return "SPOOL_TEST_SEED=\(seed) swift test --filter \(suite)"
}
