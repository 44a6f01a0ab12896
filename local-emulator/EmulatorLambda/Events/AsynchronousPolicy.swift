/// The retry policy of asynchronous invocations, as in Lambda's configuration.
package struct AsynchronousPolicy: Sendable, Equatable, Decodable {
    /// Attempts after the first; Lambda permits 0 to 2, the emulator any number.
    package var maximumRetryAttempts: Int
    /// Seconds before each retry; the last value repeats for further retries.
    package var retryDelaysSeconds: [Double]
    /// Maximum age in seconds; older events are given up.
    package var maximumEventAgeSeconds: Int
    /// The function, by name or ARN, that receives a record of each invocation
    /// given up; nil for none.
    package var onFailure: String?

    /// Creates Lambda's default policy with short delays.
    package init(
        maximumRetryAttempts: Int = 2, retryDelaysSeconds: [Double] = [1, 2],
        maximumEventAgeSeconds: Int = 21_600, onFailure: String? = nil
    ) {
        self.maximumRetryAttempts = maximumRetryAttempts
        self.retryDelaysSeconds = retryDelaysSeconds
        self.maximumEventAgeSeconds = maximumEventAgeSeconds
        self.onFailure = onFailure
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let usual = AsynchronousPolicy()
        maximumRetryAttempts =
            try values.decodeIfPresent(Int.self, forKey: .maximumRetryAttempts)
            ?? usual.maximumRetryAttempts
        retryDelaysSeconds =
            try values.decodeIfPresent([Double].self, forKey: .retryDelaysSeconds)
            ?? usual.retryDelaysSeconds
        maximumEventAgeSeconds =
            try values.decodeIfPresent(Int.self, forKey: .maximumEventAgeSeconds)
            ?? usual.maximumEventAgeSeconds
        onFailure = try values.decodeIfPresent(String.self, forKey: .onFailure)
    }

    private enum Key: String, CodingKey {
        case maximumRetryAttempts, retryDelaysSeconds, maximumEventAgeSeconds, onFailure
    }

    /// Returns the time to wait after a failed attempt (the first is 1);
    /// nil if no attempt follows.
    package func delay(afterAttempt attempt: Int) -> Duration? {
        guard attempt <= maximumRetryAttempts else { return nil }
        let index = min(attempt, retryDelaysSeconds.count) - 1
        return index < 0 ? .zero : .seconds(retryDelaysSeconds[index])
    }

    /// The longest delay.
    package var delayMax: Duration { .seconds(retryDelaysSeconds.max() ?? 0) }
}
