import Foundation
@testable import MediaTime
@testable import Randomness
import Testing
import TestSupport

@Suite struct RationalDecimalTests {
    @Test(arguments: [
        (12.48, Rational(312, 25)), (0, .zero), (60, Rational(60)), (-4.2, Rational(-21, 5)),
        (0.1 + 0.2, Rational(3, 10)), (1e-6, Rational(1, 1_000_000)), (4e-7, .zero),
        (5e-7, Rational(1, 1_000_000)), (86_400.000_001, Rational(86_400_000_001, 1_000_000)),
        (1e9, Rational(1_000_000_000)), (29.97, Rational(2_997, 100)),
        (0.999_999_9, Rational(1)), (123_456_789.5, Rational(246_913_579, 2)),
    ])
    func `a decimal is read exactly`(value: Double, rational: Rational) {
        #expect(Rational(decimal: value) == rational)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1.1e9, -1e300])
    func `an invalid time has no rational`(value: Double) {
        #expect(Rational(decimal: value) == nil)
    }

    @Test func `any number of microseconds survives its decimal`() {
        for seed in testSeeds(200) {
            var random = SeededGenerator(seed: seed)
            let micros = Int.random(in: -1_000_000_000_000...1_000_000_000_000, using: &random)

            let value = Rational(decimal: Double(micros) / 1e6)

            #expect(value == Rational(micros, 1_000_000), "\(replayCommand(seed))")
        }
    }

    @Test(arguments: [
        (Rational(312, 25), "12.48"), (Rational(60), "60"), (Rational(-1, 3), "-0.333"),
        (Rational(1, 1000), "0.001"), (Rational(1, 100_000), "0"),
    ])
    func `error texts show at most three decimals`(value: Rational, text: String) {
        #expect(value.decimalText == text)
    }

    @Test func `rational arithmetic follows its laws`() {
        for seed in testSeeds(200) {
            var random = SeededGenerator(seed: seed)
            func any() -> Rational {
                Rational(
                    Int.random(in: -100_000...100_000, using: &random),
                    Int.random(in: 1...30_000, using: &random))
            }
            let (a, b, c) = (any(), any(), any())

            let holds =
                a + b == b + a && a * b == b * a && (a + b) * c == a * c + b * c
                && a - b + b == a && (b == .zero || a / b * b == a)
                && Rational(a.floor) <= a && a < Rational(a.floor + 1)
            #expect(holds, "\(replayCommand(seed))")
        }
    }
}
