/// Retries of asynchronous invocations and the end of those that fail, as Lambda configures them.
package struct AsynchronousPolicy: Sendable, Equatable, Decodable {
    /// Attempts after the first; Lambda knows 0 to 2, the emulator any number.
    package var maximumRetryAttempts: Int
    /// Pause before each retry; the last one is used again when there are more.
    package var retryDelaysSeconds: [Double]
    /// An event older than this is given up.
    package var maximumEventAgeSeconds: Int
    /// The function, by name or ARN, that gets a record of an invocation that
    /// was given up; nil: none.
    package var onFailure: String?

    /// Lambda's own policy, with short delays.
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

    /// Milliseconds to wait after attempt `attempt` (the first is 1) failed;
    /// nil when there is no other attempt.
    package func delayMilliseconds(afterAttempt attempt: Int) -> Int? {
        guard attempt <= maximumRetryAttempts else { return nil }
        let index = min(attempt, retryDelaysSeconds.count) - 1
        return index < 0 ? 0 : Int(retryDelaysSeconds[index] * 1_000)
    }
}
