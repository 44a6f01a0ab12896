import WallClock

/// Retries of requests after transient failures, by the rules of ObjectStore's
/// `RetryPolicy`: full jitter, `Retry-After` first.
enum RequestRetries {
    /// Maximum number of attempts, including the first.
    static let attemptCountMax = 4
    /// The upper limit of the first wait; it doubles with each attempt.
    private static let delayBase = Duration.milliseconds(400)
    /// The maximum `Retry-After` that is honoured; a longer one ends the retries.
    private static let retryAfterMax = Duration.seconds(30)
    private static let retryableStatuses: Set<Int> = [408, 429, 500, 502, 503, 504]

    /// Sends a request that is safe to send twice.
    /// - Returns: The last response, whatever its status.
    static func send(
        _ request: APIRequest, in context: CommandContext, action: String,
        progress: (@Sendable (Int) -> Void)? = nil
    ) async throws -> APIResponse {
        var attempt = 1
        while true {
            var retryAfter: Duration?
            do {
                let response = try await context.transport.send(request, progress: progress)
                guard retryableStatuses.contains(response.status) else { return response }
                retryAfter = response.header("Retry-After")
                    .flatMap { self.retryAfter($0, now: .now()) }
                if attempt == attemptCountMax || retryAfter ?? .zero > retryAfterMax {
                    return response
                }
            } catch let error as APITransportError {
                guard error.isTransient, attempt < attemptCountMax else {
                    throw CommandError("\(action) failed: \(error.detail).")
                }
            }
            let wait = retryAfter ?? delayBase * (1 << (attempt - 1)) * context.random()
            try await context.sleep(wait.wholeMilliseconds)
            attempt += 1
        }
    }

    /// Reads `Retry-After`: seconds, or an HTTP date (RFC 9110, 10.2.3).
    /// - Returns: nil for any other form.
    static func retryAfter(_ text: String, now: UnixTime) -> Duration? {
        if let seconds = Int(text) { return seconds >= 0 ? .seconds(seconds) : nil }
        return UnixTime(http: text).map { max(.zero, $0 - now) }
    }
}
