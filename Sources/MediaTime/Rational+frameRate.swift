extension Rational {
    /// The intended frame rate: an NTSC rate if this is its usual notation, otherwise the
    /// nearest thousandth. A rate of small numbers (30000/1001) is kept.
    package var standardFrameRate: Rational {
        let isSmall =
            numerator <= Limits.frameRateNumeratorMax
            && denominator <= Limits.frameRateDenominatorMax
        guard !isSmall else { return self }
        return broadcastFrameRate ?? Rational((self * Rational(1_000)).rounded, 1_000)
    }

    /// The NTSC rate within 0.005 of this one, because these rates are usually written to
    /// the hundredth (23.98); nil if there is none.
    package var broadcastFrameRate: Rational? {
        [24, 30, 48, 60, 120].map { Rational($0 * 1_000, 1_001) }.first { rate in
            let difference = rate > self ? rate - self : self - rate
            return difference < Rational(5, 1_000)
        }
    }
}
