extension Rational {
    /// Creates the decimal that a caller wrote: 12.48 is 312/25, not the nearest binary
    /// fraction.
    ///
    /// Parses the shortest decimal text that names the same `Double`, which is the text
    /// that JSON carried. Values with more than six decimals (`0.30000000000000004`, as
    /// arithmetic in browsers leaves them) are rounded to the microsecond, the unit of
    /// FFmpeg's clock.
    /// - Returns: nil for a number that is not finite or whose magnitude exceeds
    ///   1,000,000,000.
    package init?(decimal value: Double) {
        guard value.isFinite, value.magnitude <= 1e9 else { return nil }
        guard let micros = Self.millionths(of: value.magnitude.description) else { return nil }
        self.init(value < 0 ? -micros : micros, 1_000_000)
    }

    /// - Parameter text: `12.48`, `5e-07` or `1e+09`, without a sign.
    private static func millionths(of text: String) -> Int? {
        let parts = text.split(separator: "e", omittingEmptySubsequences: false)
        guard let mantissa = parts.first, parts.count <= 2 else { return nil }
        guard let exponent = parts.count == 2 ? Int(parts[1]) : 0 else { return nil }
        var digits: [Int] = []
        var pointPosition: Int?
        for character in mantissa {
            if character == "." {
                pointPosition = digits.count
            } else {
                guard let digit = character.wholeNumberValue else { return nil }
                digits.append(digit)
            }
        }
        // The value is 0.d1d2d3... times ten to this power.
        let magnitude = (pointPosition ?? digits.count) + exponent
        // Digits at or before the sixth decimal.
        let kept = magnitude + 6
        guard kept >= 0, kept <= 17 else { return kept < 0 ? 0 : nil }
        var total = 0
        for position in 0..<kept {
            total = total * 10 + (position < digits.count ? digits[position] : 0)
        }
        let roundsUp = kept < digits.count && digits[kept] >= 5
        return roundsUp ? total + 1 : total
    }

    /// The number as text for messages: `12.48`, at most three decimals, `60` for a whole
    /// number.
    package var decimalText: String {
        let thousandths = (self * Rational(1000)).rounded
        let (whole, rest) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1000)
        var text = (thousandths < 0 ? "-" : "") + "\(whole)"
        guard rest > 0 else { return text }
        var decimals = String(rest)
        while decimals.count < 3 { decimals = "0" + decimals }
        while decimals.hasSuffix("0") { decimals.removeLast() }
        text += "." + decimals
        return text
    }
}
