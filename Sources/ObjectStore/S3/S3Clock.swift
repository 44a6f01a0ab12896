package import WallClock

/// The clock, the sleep and the random source of the store client.
package struct S3Clock: Sendable {
    /// Returns the current time to the millisecond; deadlines are compared with it.
    package var now: @Sendable () -> UnixTime
    /// Sleeps for a duration; throws when the task is cancelled.
    package var sleep: @Sendable (Duration) async throws -> Void
    /// Returns a number from 0 to below 1.
    package var random: @Sendable () -> Double

    /// Creates a clock from three functions.
    package init(
        now: @escaping @Sendable () -> UnixTime,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.now = now
        self.sleep = sleep
        self.random = random
    }

    /// The system's clock and random source.
    package static let live = S3Clock(
        now: { .now() }, sleep: { try await Task.sleep(for: $0) },
        random: { Double.random(in: 0..<1) })
}
