/// Random numbers that a seed replays: SplitMix64 (Steele, Lea and Flood, "Fast Splittable
/// Pseudorandom Number Generators", 2014). Not for secrets.
package struct SeededGenerator: RandomNumberGenerator, Hashable, Sendable {
    /// The seed that the numbers follow from.
    package let seed: UInt64
    private var state: UInt64

    /// A generator that starts at the seed.
    package init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    /// The next 64 random bits.
    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
