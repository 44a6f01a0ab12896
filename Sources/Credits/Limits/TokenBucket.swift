package import WallClock

/// A rate: so many requests in a time, and as many at once.
package struct RateLimit: Hashable, Sendable {
    /// Requests of one window; also the most that come at once.
    package var count: Int
    /// The window.
    package var window: Duration

    /// A limit for each minute.
    package static func perMinute(_ count: Int) -> RateLimit {
        RateLimit(count: count, window: .seconds(60))
    }

    /// A limit; the count and the window are above 0.
    package init(count: Int, window: Duration) {
        self.count = count
        self.window = window
    }
}

/// A token bucket: each request takes a token, and time adds them.
package struct TokenBucket: Hashable, Sendable {
    /// Tokens at `time`; a fraction is a token that is being added.
    package var tokens: Double
    /// Time of the last change.
    package var time: UnixTime

    /// A full bucket.
    package init(full limit: RateLimit, at time: UnixTime) {
        tokens = Double(limit.count)
        self.time = time
    }

    /// A stored bucket.
    package init(tokens: Double, time: UnixTime) {
        self.tokens = tokens
        self.time = time
    }

    /// Takes one token.
    /// - Parameter now: May be before `time`, on another machine's clock: no tokens are added.
    package mutating func take(_ limit: RateLimit, at now: UnixTime) -> RateDecision {
        let milliseconds = Double(max(0, (now - time).wholeMilliseconds))
        let window = Double(max(1, limit.window.wholeMilliseconds))
        let perMillisecond = Double(limit.count) / window
        tokens = min(Double(limit.count), max(0, tokens) + milliseconds * perMillisecond)
        time = max(time, now)
        let isAllowed = tokens >= 1
        if isAllowed { tokens -= 1 }
        let wait = isAllowed ? 0 : (1 - tokens) / perMillisecond
        let full = (Double(limit.count) - tokens) / perMillisecond
        return RateDecision(
            isAllowed: isAllowed, limit: limit, remaining: Int(tokens),
            retryAfter: .milliseconds(Int(wait.rounded(.up))),
            reset: .milliseconds(Int(full.rounded(.up))))
    }
}

/// The answer of a bucket to one request.
package struct RateDecision: Hashable, Sendable {
    /// False for a request beyond the limit.
    package var isAllowed: Bool
    /// The limit.
    package var limit: RateLimit
    /// Requests that are left at this time.
    package var remaining: Int
    /// Time until the next request is allowed; 0 if this one is.
    package var retryAfter: Duration
    /// Time until the bucket is full.
    package var reset: Duration

    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), with
    /// `Retry-After` for a refused request.
    /// - Parameter name: Name of the policy, `address` or `caller`.
    package func headers(name: String) -> [String: String] {
        func seconds(_ time: Duration) -> Int { (time.wholeMilliseconds + 999) / 1_000 }
        var headers = [
            "ratelimit-policy": "\"\(name)\";q=\(limit.count);w=\(seconds(limit.window))",
            "ratelimit": "\"\(name)\";r=\(remaining);t=\(seconds(reset))",
        ]
        if !isAllowed { headers["retry-after"] = String(max(1, seconds(retryAfter))) }
        return headers
    }
}
