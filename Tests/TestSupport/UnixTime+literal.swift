package import WallClock

/// Milliseconds since 1970, to keep tables of times short. For tests only: in the
/// product a bare number has no unit.
extension UnixTime: ExpressibleByIntegerLiteral {
    package init(integerLiteral value: Int) { self.init(milliseconds: value) }
}
