import Synchronization
import WallClock

/// The bucket's region and the clock skew, learned from responses.
final class RegionAndClockCache: Sendable {
    private struct State {
        var skewSeconds = 0
        var region: String?
    }

    private let state = Mutex(State())

    /// Seconds to add to our clock.
    var skewSeconds: Int { state.withLock { $0.skewSeconds } }

    /// Where the bucket is, if not where it was said to be.
    var region: String? { state.withLock { $0.region } }

    /// - Parameter date: The answer's `Date` header.
    func update(date: String?, now: Int) {
        guard let date, let theirs = UnixTime(http: date)?.seconds else { return }
        state.withLock { $0.skewSeconds = theirs - now }
    }

    /// - Parameter used: The region that the refused request was signed for.
    /// - Returns: whether the region is another one.
    func update(region: String?, instead used: String) -> Bool {
        guard let region, !region.isEmpty, region != used else { return false }
        state.withLock { $0.region = region }
        return true
    }
}
