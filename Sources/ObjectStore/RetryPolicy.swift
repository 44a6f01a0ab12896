/// When a failed call is made again, and how long to wait: full jitter.
///
/// The only layer that retries. Source: AWS Architecture Blog, "Exponential
/// Backoff And Jitter"; which answers may be retried: S3 API Reference, "Error
/// Responses".
package struct RetryPolicy: Sendable {
    /// Calls in all, the first one counted.
    package var attemptCountMax = 4
    package var baseMilliseconds = 100
    package var millisecondsMax = 5_000
    /// A store that asks for a longer wait than this is not asked again: the
    /// platform's own retry comes later and costs nothing meanwhile.
    package var retryAfterSecondsMax = 30

    package init() {}

    /// What became of one attempt.
    package enum Failure: Sendable, Hashable {
        /// No complete answer came.
        case transport
        /// - Parameter serviceCode: S3's code, where the answer had one.
        case status(Int, serviceCode: String?)
    }

    /// - Parameter attempt: From 1.
    /// - Parameter random: 0 to below 1.
    /// - Parameter retryAfterSeconds: What the answer asked for.
    /// - Returns: nil when the failure stands.
    package func delayMilliseconds(
        after failure: Failure, attempt: Int, random: Double, retryAfterSeconds: Int?
    ) -> Int? {
        guard attempt < attemptCountMax, isRetryable(failure) else { return nil }
        if let retryAfterSeconds, retryAfterSeconds >= 0 {
            return retryAfterSeconds <= retryAfterSecondsMax ? retryAfterSeconds * 1_000 : nil
        }
        let ceiling = min(millisecondsMax, baseMilliseconds << (attempt - 1))
        return Int(Double(ceiling) * random)
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
