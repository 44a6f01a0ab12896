package import JSON

extension JSONReader {
    /// An exact decimal inside the bounds, both included.
    package mutating func decimal(
        _ node: JSONNode, from least: Rational, to most: Rational, expected: String = "a number"
    ) -> Rational? {
        guard let number = node.value.double else {
            return mismatch(node, expected: expected)
        }
        let value = Rational(decimal: number)
        if let value, least <= value, value <= most { return value }
        // A number without a rational is beyond all bounds, on its side.
        let isBelow = value.map { $0 < least } ?? (number < 0)
        let bound =
            switch (isBelow, least) {
            case (false, _): "above \(most.decimalText)"
            case (true, .zero): "negative"
            case (true, _): "below \(least.decimalText)"
            }
        report("must not be \(bound)", at: node.pointer)
        return nil
    }
}
