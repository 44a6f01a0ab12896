package import WallClock

/// Notices that the wall clock was set, by a clock that is not.
package struct ClockWatch: Hashable, Sendable {
    /// A smaller difference is drift, which needs no action.
    package static let jumpMin = Duration.seconds(60)

    private var wall: UnixTime
    private var steady: SuspendingClock.Instant

    /// Begins to watch.
    package init(wall: UnixTime, steady: SuspendingClock.Instant) {
        (self.wall, self.steady) = (wall, steady)
    }

    /// The time by which the clock was set since the last call, negative for back; nil if it was
    /// not. Time for which the machine slept counts as a jump.
    package mutating func jump(wall: UnixTime, steady: SuspendingClock.Instant) -> Duration? {
        let jump = (wall - self.wall) - (steady - self.steady)
        (self.wall, self.steady) = (wall, steady)
        return jump > Self.jumpMin || jump < .zero - Self.jumpMin ? jump : nil
    }
}
