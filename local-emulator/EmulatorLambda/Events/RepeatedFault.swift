/// A fault that may repeat: decides the pauses between tries and the lines in the log. Pure.
struct RepeatedFault: Hashable, Sendable {
    /// Pause after the first failure; each further one doubles it.
    static let pauseMin = Duration.milliseconds(200)
    static let pauseMax = Duration.seconds(10)

    /// Failures since the last success.
    private(set) var count = 0
    private var cause = ""

    /// Notes a failure.
    /// - Returns: the pause before the next try, and true for a cause that is not logged yet.
    mutating func failed(_ cause: String) -> (pause: Duration, isNew: Bool) {
        let isNew = count == 0 || cause != self.cause
        count += 1
        self.cause = cause
        return (Self.pause(after: count), isNew)
    }

    /// Notes a success.
    /// - Returns: the number of failures before it.
    mutating func succeeded() -> Int {
        defer { count = 0 }
        return count
    }

    /// The pause after so many failures in a row.
    static func pause(after count: Int) -> Duration {
        min(pauseMax, pauseMin * Double(1 << min(count - 1, 16)))
    }
}
