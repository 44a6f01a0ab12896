/// The decision to repeat a failed call, and the wait before it: full jitter.
///
/// The client retries in this layer only. Sources: AWS Architecture Blog,
/// "Exponential Backoff And Jitter"; retryable responses: S3 API Reference,
/// "Error Responses".
package struct RetryPolicy: Sendable {
    /// Maximum number of attempts, including the first.
    package var attemptCountMax = 4
    /// The upper limit of the first wait; it doubles with each attempt.
    package var delayBase = Duration.milliseconds(100)
    /// The upper limit of a wait without `Retry-After`.
    package var delayMax = Duration.seconds(5)
    /// The maximum `Retry-After` that is honoured. A longer one ends the retries:
    /// the platform's own retry comes later and costs nothing meanwhile.
    package var retryAfterMax = Duration.seconds(30)

    /// Creates a policy with the default limits.
    package init() {}

    /// The outcome of a failed attempt.
    package enum Failure: Sendable, Hashable {
        /// The response was missing or incomplete.
        case transport
        /// The response's status and S3's code; nil if the response had none.
        case status(Int, serviceCode: String?)
    }

    /// Returns the wait before the next attempt.
    /// - Parameter attempt: The number of the failed attempt, from 1.
    /// - Parameter random: A number from 0 to below 1.
    /// - Parameter retryAfter: The wait that the response requested; nil for
    ///   none.
    /// - Returns: nil if the call must not be repeated.
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

    /// S3's codes for failures that may succeed on a retry.
    static let retryableCodes: Set<String> = [
        "SlowDown", "InternalError", "RequestTimeout", "RequestTimeTooSkewed",
        "ServiceUnavailable", "ConditionalRequestConflict", "OperationAborted",
    ]
}
