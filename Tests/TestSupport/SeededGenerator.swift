/// The seeds of one property test: the given one where `SPOOL_TEST_SEED` is
/// set, else that many new ones, times `SPOOL_TEST_RUNS` where that is set.
/// Print the seed in each failure.
package func testSeeds(_ count: Int, environment: [String: String]) -> [UInt64] {
    if let text = environment["SPOOL_TEST_SEED"], let seed = UInt64(text) { return [seed] }
    let runs = environment["SPOOL_TEST_RUNS"].flatMap { Int($0) } ?? 1
    var system = SystemRandomNumberGenerator()
    return (0..<count * max(1, runs)).map { _ in system.next() }
}
