package import WallClock

/// Decides when the key set of an issuer is fetched.
///
/// A rotated key is found at the first token that names it. Tokens with invented key IDs cause
/// one request a minute at most, and an issuer that fails one in 30 s.
package struct KeySetRefresh: Hashable, Sendable {
    /// Time of the last set; nil before the first.
    package var fetchedAt: UnixTime?
    /// Time for which the last set is used without another look.
    package var lifetime = Self.lifetimeDefault
    /// Beginning of the last attempt; nil before the first.
    package var attemptedAt: UnixTime?

    /// Lifetime of a set whose response names none.
    package static let lifetimeDefault = Duration.seconds(600)
    private static let lifetimeMin = Duration.seconds(60)
    private static let lifetimeMax = Duration.seconds(3_600)
    /// A set is used this much longer while the issuer gives no other.
    package static let graceMax = Duration.seconds(3_600)
    /// Time between two attempts for unknown keys.
    package static let pauseForUnknownKey = Duration.seconds(60)
    /// Time between two attempts after a failure.
    package static let pauseAfterFailure = Duration.seconds(30)

    /// The next step for one token.
    package enum Step: Hashable, Sendable {
        /// Use the set as it is.
        case use
        /// Fetch the set, then use it. If that fails, `canUseOld` says what remains.
        case fetch(canUseOld: Bool)
        /// No set may be used and none may be fetched yet.
        case unavailable
    }

    /// No set was fetched yet.
    package init() {}

    /// - Parameter knowsKey: The set has the key that the token names.
    package func step(now: UnixTime, knowsKey: Bool) -> Step {
        let sinceAttempt = attemptedAt.map { now - $0 }
        // A clock that was set back must not stop every attempt.
        func hasPassed(_ pause: Duration) -> Bool {
            sinceAttempt.map { $0 >= pause || $0 < .zero } ?? true
        }
        guard let fetchedAt else {
            return hasPassed(Self.pauseAfterFailure) ? .fetch(canUseOld: false) : .unavailable
        }
        let age = now - fetchedAt
        if age >= .zero, age < lifetime {
            guard !knowsKey, hasPassed(Self.pauseForUnknownKey) else { return .use }
            return .fetch(canUseOld: true)
        }
        let isUsable = age < lifetime + Self.graceMax
        if hasPassed(Self.pauseAfterFailure) { return .fetch(canUseOld: isUsable) }
        return isUsable ? .use : .unavailable
    }

    /// Records the beginning of an attempt.
    package mutating func begin(now: UnixTime) { attemptedAt = now }

    /// Records a new set.
    /// - Parameter cacheControl: The response's header, whose `max-age` is used between one
    ///   minute and one hour.
    package mutating func succeed(now: UnixTime, cacheControl: String?) {
        fetchedAt = now
        lifetime = Self.lifetime(cacheControl) ?? Self.lifetimeDefault
    }

    private static func lifetime(_ cacheControl: String?) -> Duration? {
        for part in (cacheControl ?? "").lowercased().split(separator: ",") {
            let words = part.split(separator: "=", maxSplits: 1)
            let name = words.first?.filter { $0 != " " }
            guard name == "max-age", words.count == 2,
                let seconds = Int(words[1].filter { $0 != " " && $0 != "\"" }), seconds >= 0
            else { continue }
            return min(max(.seconds(min(seconds, 86_400)), lifetimeMin), lifetimeMax)
        }
        return nil
    }
}
