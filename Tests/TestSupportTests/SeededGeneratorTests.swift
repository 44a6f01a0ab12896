import Randomness
import Testing
import TestSupport

@Suite struct SeededGeneratorTests {
    @Test func `a seed gives its published numbers`() {
        // The first outputs of SplitMix64 for seed 1234567 (Rosetta Code's table).
        var random = SeededGenerator(seed: 1_234_567)

        #expect(random.next() == 6_457_827_717_110_365_317)
        #expect(random.next() == 3_203_168_211_198_807_973)
    }

    @Test func `the printed command replays the same values`() throws {
        let seed = testSeeds(3, environment: [:])[2]
        let command = replayCommand(seed)

        let words = command.split(separator: " ")
        let variable = try #require(words.first).split(separator: "=").map(String.init)
        let replayed = testSeeds(1_000, environment: [variable[0]: variable[1]])

        #expect(words.dropFirst() == ["swift", "test", "--filter", "SeededGeneratorTests"])
        #expect(replayed == [seed])
        var (one, other) = (SeededGenerator(seed: seed), SeededGenerator(seed: replayed[0]))
        #expect((0..<100).map { _ in one.next() } == (0..<100).map { _ in other.next() })
    }

    @Test func `runs multiply the number of seeds`() {
        #expect(testSeeds(3, environment: ["SPOOL_TEST_RUNS": "4"]).count == 12)
        #expect(Set(testSeeds(100, environment: [:])).count == 100)
    }
}
