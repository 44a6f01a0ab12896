extension Rational {
    /// The frame rate that was meant: an NTSC rate where this is one as it is commonly
    /// written, else the nearest thousandth. A rate of small numbers (30000/1001) is kept.
    package var standardFrameRate: Rational {
        let isSmall =
            numerator <= Limits.frameRateNumeratorMax
            && denominator <= Limits.frameRateDenominatorMax
        guard !isSmall else { return self }
        return broadcastFrameRate ?? Rational((self * Rational(1_000)).rounded, 1_000)
    }

    /// The NTSC rate that differs by less than the hundredths by which these rates are
    /// commonly written (23.98); nil where there is none.
    package var broadcastFrameRate: Rational? {
        [24, 30, 48, 60, 120].map { Rational($0 * 1_000, 1_001) }.first { rate in
            let difference = rate > self ? rate - self : self - rate
            return difference < Rational(5, 1_000)
        }
    }
}
