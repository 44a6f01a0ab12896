/// An exact fraction: the only number that decides where a cut falls.
///
/// Always reduced, with a positive denominator. Arithmetic that exceeds 64 bits traps:
/// `Limits` bounds every external value before it becomes a `Rational`.
package struct Rational: Hashable, Sendable {
    /// The dividend, with the sign of the fraction.
    package let numerator: Int
    /// The divisor, always positive.
    package let denominator: Int

    /// Creates a reduced fraction.
    /// - Precondition: `denominator` is not zero.
    package init(_ numerator: Int, _ denominator: Int = 1) {
        precondition(denominator != 0, "a rational has a denominator")
        let divisor = Self.greatestCommonDivisor(numerator, denominator)
        let sign = denominator < 0 ? -1 : 1
        self.numerator = sign * (numerator / divisor)
        self.denominator = sign * (denominator / divisor)
    }

    /// The number 0.
    package static let zero = Rational(0)

    /// The exact sum.
    package static func + (lhs: Rational, rhs: Rational) -> Rational {
        let divisor = greatestCommonDivisor(lhs.denominator, rhs.denominator)
        let scale = rhs.denominator / divisor
        return Rational(
            lhs.numerator * scale + rhs.numerator * (lhs.denominator / divisor),
            lhs.denominator * scale)
    }

    /// The number with the opposite sign.
    package static prefix func - (value: Rational) -> Rational {
        Rational(-value.numerator, value.denominator)
    }

    /// The exact difference.
    package static func - (lhs: Rational, rhs: Rational) -> Rational { lhs + -rhs }

    /// The exact product.
    package static func * (lhs: Rational, rhs: Rational) -> Rational {
        let first = greatestCommonDivisor(lhs.numerator, rhs.denominator)
        let second = greatestCommonDivisor(rhs.numerator, lhs.denominator)
        return Rational(
            (lhs.numerator / first) * (rhs.numerator / second),
            (lhs.denominator / second) * (rhs.denominator / first))
    }

    /// The exact quotient.
    /// - Precondition: `rhs` is not zero.
    package static func / (lhs: Rational, rhs: Rational) -> Rational {
        precondition(rhs.numerator != 0, "division by a zero rational")
        return lhs * Rational(rhs.denominator, rhs.numerator)
    }

    /// The nearest integer; halves are rounded away from zero.
    package var rounded: Int {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        guard 2 * remainder.magnitude >= denominator.magnitude else { return quotient }
        return quotient + (numerator < 0 ? -1 : 1)
    }

    /// The largest integer that is not above the value.
    package var floor: Int {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The nearest floating-point number, only for printing and for cost estimates.
    package var doubleValue: Double { Double(numerator) / Double(denominator) }

    private static func greatestCommonDivisor(_ lhs: Int, _ rhs: Int) -> Int {
        var (a, b) = (lhs.magnitude, rhs.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        return a == 0 ? 1 : Int(a)
    }
}

extension Rational: Comparable {
    package static func < (lhs: Rational, rhs: Rational) -> Bool {
        let left = lhs.numerator.multipliedFullWidth(by: rhs.denominator)
        let right = rhs.numerator.multipliedFullWidth(by: lhs.denominator)
        return left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension Rational: CustomStringConvertible {
    /// `30000/1001`, or `25` for a whole number: FFmpeg's own notation.
    package var description: String {
        denominator == 1 ? "\(numerator)" : "\(numerator)/\(denominator)"
    }
}

extension Rational: Codable {
    private enum CodingKeys: String, CodingKey { case numerator, denominator }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let numerator = try container.decode(Int.self, forKey: .numerator)
        let denominator = try container.decode(Int.self, forKey: .denominator)
        guard denominator > 0, numerator != .min else {
            throw DecodingError.dataCorruptedError(
                forKey: .denominator, in: container,
                debugDescription: "A rational needs a positive denominator.")
        }
        self.init(numerator, denominator)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(numerator, forKey: .numerator)
        try container.encode(denominator, forKey: .denominator)
    }
}
