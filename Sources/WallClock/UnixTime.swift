import Glibc

/// An instant: milliseconds since 1970-01-01T00:00:00Z, without leap seconds (POSIX time).
///
/// Encodes as that whole number. A length of time is a `Duration`.
package struct UnixTime: Hashable, Sendable, Comparable {
    /// Milliseconds since 1970.
    package var milliseconds: Int

    /// The instant so many milliseconds after 1970 began.
    package init(milliseconds: Int) { self.milliseconds = milliseconds }

    /// The instant so many seconds after 1970 began.
    package init(seconds: Int) { milliseconds = seconds * 1_000 }

    /// Whole seconds since 1970, rounded down.
    package var seconds: Int { (milliseconds - (milliseconds % 1_000 + 1_000) % 1_000) / 1_000 }

    /// The instant rounded down to a whole second, as HTTP dates are.
    package var wholeSecond: UnixTime { UnixTime(seconds: seconds) }

    /// The system's real-time clock. It may be set, so it can jump either way.
    package static func now() -> UnixTime {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UnixTime(milliseconds: Int(time.tv_sec) * 1_000 + Int(time.tv_nsec) / 1_000_000)
    }

    package static func < (left: UnixTime, right: UnixTime) -> Bool {
        left.milliseconds < right.milliseconds
    }

    /// The instant that much later; fractions of a millisecond are dropped.
    package static func + (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(milliseconds: time.milliseconds + duration.wholeMilliseconds)
    }

    /// The instant that much earlier.
    package static func - (time: UnixTime, duration: Duration) -> UnixTime {
        UnixTime(milliseconds: time.milliseconds - duration.wholeMilliseconds)
    }

    /// The time from `right` to `left`; negative when `right` is later.
    package static func - (left: UnixTime, right: UnixTime) -> Duration {
        .milliseconds(left.milliseconds - right.milliseconds)
    }
}

extension UnixTime: Codable {
    package init(from decoder: any Decoder) throws {
        milliseconds = try decoder.singleValueContainer().decode(Int.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(milliseconds)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    package var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        return Int(seconds) * 1_000 + Int(attoseconds / 1_000_000_000_000_000)
    }

    /// Whole seconds, rounded towards zero.
    package var wholeSeconds: Int { Int(components.seconds) }
}
