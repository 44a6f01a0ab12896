/// Random numbers that a seed replays (SplitMix64).
package struct SeededGenerator: RandomNumberGenerator {
    /// What to set `SPOOL_TEST_SEED` to, to see the same numbers again.
    package let seed: UInt64
    private var state: UInt64

    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

/// The seeds of one property test: the given one where `SPOOL_TEST_SEED` is
/// set, else that many new ones, times `SPOOL_TEST_RUNS` where that is set.
/// Print the seed in each failure.
package func testSeeds(_ count: Int, environment: [String: String]) -> [UInt64] {
    if let text = environment["SPOOL_TEST_SEED"], let seed = UInt64(text) { return [seed] }
    let runs = environment["SPOOL_TEST_RUNS"].flatMap { Int($0) } ?? 1
    var system = SystemRandomNumberGenerator()
    return (0..<count * max(1, runs)).map { _ in system.next() }
}
