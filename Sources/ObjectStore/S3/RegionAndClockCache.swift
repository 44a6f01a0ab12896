import Synchronization
import WallClock

/// The bucket's region and the clock skew, learned from responses.
final class RegionAndClockCache: Sendable {
    private struct State {
        var skew = Duration.zero
        var region: String?
    }

    private let state = Mutex(State())

    /// The store's clock minus the local clock.
    var skew: Duration { state.withLock { $0.skew } }

    /// The bucket's region; nil unless it differs from the configured one.
    var region: String? { state.withLock { $0.region } }

    /// Updates the clock skew.
    /// - Parameter date: The response's `Date` header.
    func update(date: String?, now: UnixTime) {
        guard let date, let theirs = UnixTime(http: date) else { return }
        state.withLock { $0.skew = theirs - now }
    }

    /// Updates the region.
    /// - Parameter used: The region that the refused request was signed for.
    /// - Returns: true if the new region differs from `used`.
    func update(region: String?, instead used: String) -> Bool {
        guard let region, !region.isEmpty, region != used else { return false }
        state.withLock { $0.region = region }
        return true
    }
}
