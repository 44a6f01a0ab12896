package import JSON

extension JSONReader {
    /// Reads an exact decimal within the bounds, both inclusive.
    package mutating func decimal(
        _ node: JSONNode, from minimum: Rational, to maximum: Rational,
        expected: String = "a number"
    ) -> Rational? {
        guard let number = node.value.double else {
            return mismatch(node, expected: expected)
        }
        let value = Rational(decimal: number)
        if let value, minimum <= value, value <= maximum { return value }
        // A number without a rational lies outside all bounds, on the side of its sign.
        let isBelow = value.map { $0 < minimum } ?? (number < 0)
        let bound =
            switch (isBelow, minimum) {
            case (false, _): "above \(maximum.decimalText)"
            case (true, .zero): "negative"
            case (true, _): "below \(minimum.decimalText)"
            }
        report("must not be \(bound)", at: node.pointer)
        return nil
    }
}
