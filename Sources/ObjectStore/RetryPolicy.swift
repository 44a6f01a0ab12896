/// When a failed call is made again, and how long to wait: full jitter.
///
/// The only layer that retries. Source: AWS Architecture Blog, "Exponential
/// Backoff And Jitter"; which answers may be retried: S3 API Reference, "Error
/// Responses".
package struct RetryPolicy: Sendable {
    /// Attempts in all, including the first.
    package var attemptCountMax = 4
    /// The upper limit of the first wait; it doubles with each attempt.
    package var delayBase = Duration.milliseconds(100)
    /// The upper limit of any wait that the store does not ask for.
    package var delayMax = Duration.seconds(5)
    /// A store that asks for a longer wait than this is not asked again: the
    /// platform's own retry comes later and costs nothing meanwhile.
    package var retryAfterMax = Duration.seconds(30)

    /// The policy with its default limits.
    package init() {}

    /// The outcome of a failed attempt.
    package enum Failure: Sendable, Hashable {
        /// There was no complete response.
        case transport
        /// The response's status, and S3's code if the response had one.
        case status(Int, serviceCode: String?)
    }

    /// The wait before the next attempt.
    /// - Parameter attempt: The number of the failed attempt, from 1.
    /// - Parameter random: A number from 0 to below 1.
    /// - Parameter retryAfter: The wait that the response asked for.
    /// - Returns: nil when the call must not be repeated.
    package func delay(
        after failure: Failure, attempt: Int, random: Double, retryAfter: Duration?
    ) -> Duration? {
        guard attempt < attemptCountMax, isRetryable(failure) else { return nil }
        if let retryAfter, retryAfter >= .zero {
            return retryAfter <= retryAfterMax ? retryAfter : nil
        }
        return min(delayMax, delayBase * (1 << (attempt - 1))) * random
    }

    private func isRetryable(_ failure: Failure) -> Bool {
        switch failure {
        case .transport: true
        case .status(_, let code?)
        where Self.retryableCodes.contains(code):
            true
        case .status(let status, _): [408, 429, 500, 502, 503, 504].contains(status)
        }
    }

    /// S3's codes for what may go through when it is sent again.
    static let retryableCodes: Set<String> = [
        "SlowDown", "InternalError", "RequestTimeout", "RequestTimeTooSkewed",
        "ServiceUnavailable", "ConditionalRequestConflict", "OperationAborted",
    ]
}
