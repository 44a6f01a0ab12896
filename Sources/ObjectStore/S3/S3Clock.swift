import Glibc

/// Time and chance as the store client needs them.
package struct S3Clock: Sendable {
    /// Seconds since 1970.
    package var seconds: @Sendable () -> Int
    /// Sleeps for milliseconds; throws when the task is cancelled.
    package var sleep: @Sendable (Int) async throws -> Void
    /// 0 to below 1.
    package var random: @Sendable () -> Double

    package init(
        seconds: @escaping @Sendable () -> Int,
        sleep: @escaping @Sendable (Int) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.seconds = seconds
        self.sleep = sleep
        self.random = random
    }

    /// This process's own.
    package static let live = S3Clock(
        seconds: { time(nil) }, sleep: { try await Task.sleep(for: .milliseconds($0)) },
        random: { Double.random(in: 0..<1) })
}
