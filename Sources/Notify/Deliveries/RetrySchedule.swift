/// Times between the attempts of one delivery.
package struct RetrySchedule: Hashable, Sendable {
    /// Delay after each failed attempt; the last failure without one ends the delivery.
    package let delays: [Duration]

    /// 1 min, 5 min, 30 min, 2 h, 5 h and 10 h: seven attempts in about 18 hours.
    /// - Parameter scale: Factor of every delay, below 1 for tests.
    package init(scale: Double = 1) {
        delays = [60, 300, 1_800, 7_200, 18_000, 36_000].map { .seconds($0) * scale }
    }

    /// Largest delay that a receiver can ask for with `Retry-After`.
    package static let retryAfterMax = Duration.seconds(86_400)

    /// The delay after a failed attempt, up to a fifth longer: receivers that were down get
    /// their deliveries spread.
    /// - Parameter attemptCount: Attempts so far, from 1.
    /// - Parameter id: The delivery's ID; the same ID has the same delays.
    /// - Parameter retryAfter: The receiver's `Retry-After`; it can only extend the delay.
    /// - Returns: nil if there is no further attempt.
    package func delay(
        after attemptCount: Int, id: String, retryAfter: Duration?
    ) -> Duration? {
        guard delays.indices.contains(attemptCount - 1) else { return nil }
        let jitter = Self.fraction("\(id)/\(attemptCount)")
        let delay = delays[attemptCount - 1] * (1 + jitter / 5)
        return max(delay, min(retryAfter ?? .zero, Self.retryAfterMax))
    }

    /// A number from 0 to 1 that depends on the text alone (FNV-1a).
    private static func fraction(_ text: String) -> Double {
        let hash = text.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) {
            ($0 ^ UInt64($1)) &* 0x100_0000_01b3
        }
        return Double((hash ^ hash >> 32) % 1_024) / 1_024
    }
}
