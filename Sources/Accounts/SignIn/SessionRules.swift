package import WallClock

/// How long a session lasts, and what an older token of it means.
package enum SessionRules {
    /// A session that is not used for this long ends.
    package static let idleMax = Duration.seconds(7 * 86_400)
    /// A session ends after this time, however it is used.
    package static let lifetimeMax = Duration.seconds(30 * 86_400)
    /// After a rotation the previous token is accepted for this long: requests that were sent
    /// before its response arrived carry it.
    package static let rotationGrace = Duration.seconds(60)
    /// The time of use is written this often at most.
    package static let usePrecision = Duration.seconds(300)

    /// The times of a stored session.
    package struct Times: Hashable, Sendable {
        /// Sign-in.
        package var createdAt: UnixTime
        /// Last use that was written.
        package var usedAt: UnixTime
        /// Last rotation.
        package var rotatedAt: UnixTime

        /// Times of a session.
        package init(createdAt: UnixTime, usedAt: UnixTime, rotatedAt: UnixTime) {
            self.createdAt = createdAt
            self.usedAt = usedAt
            self.rotatedAt = rotatedAt
        }
    }

    /// The verdict about a session.
    package enum Verdict: Hashable, Sendable {
        case valid
        /// Valid, and the time of use is written.
        case validToTouch
        /// Too old: refused.
        case expired
        /// A token from before the rotation came late: a copy of it is in other hands. The
        /// session ends.
        case reused
    }

    /// - Parameter isPrevious: The token is that from before the last rotation.
    package static func verdict(
        _ times: Times, isPrevious: Bool, now: UnixTime
    ) -> Verdict {
        guard now < times.createdAt + lifetimeMax, now < times.usedAt + idleMax else {
            return .expired
        }
        if isPrevious { return now < times.rotatedAt + rotationGrace ? .valid : .reused }
        return now >= times.usedAt + usePrecision ? .validToTouch : .valid
    }
}

/// Limits wrong passwords by e-mail address, whether it has an account or not.
package enum SignInThrottle {
    /// Wrong attempts within the window; further ones are refused unread.
    package static let attemptCountMax = 10
    /// Length of the window.
    package static let window = Duration.seconds(900)
    /// Wrong codes for one challenge.
    package static let codeCountMax = 5

    /// Attempts within a window.
    package struct Attempts: Hashable, Sendable {
        /// Wrong attempts.
        package var count: Int
        /// Time of the first.
        package var since: UnixTime

        /// Attempts since a time.
        package init(count: Int, since: UnixTime) {
            self.count = count
            self.since = since
        }
    }

    /// Time until the next attempt is read; nil if it may be read now.
    package static func pause(_ attempts: Attempts?, now: UnixTime) -> Duration? {
        guard let attempts, attempts.count >= attemptCountMax else { return nil }
        let rest = attempts.since + window - now
        return rest > .zero && rest <= window ? rest : nil
    }

    /// The attempts after one more wrong one.
    package static func adding(_ attempts: Attempts?, now: UnixTime) -> Attempts {
        guard let attempts, now < attempts.since + window else {
            return Attempts(count: 1, since: now)
        }
        return Attempts(count: attempts.count + 1, since: attempts.since)
    }
}
