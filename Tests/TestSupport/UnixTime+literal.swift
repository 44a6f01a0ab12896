package import WallClock

/// Milliseconds since 1970, so that tables of times stay short. Tests alone: in the product a
/// bare number has no unit.
extension UnixTime: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) { self.init(milliseconds: value) }
}
