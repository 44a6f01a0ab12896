package import Database
import Synchronization
package import WallClock

/// Buckets by name.
package protocol RateLimiter: Sendable {
    /// Takes a token from each bucket.
    /// - Parameter buckets: Names, each with its limit.
    /// - Returns: The decisions in the same order.
    func take(
        _ buckets: [(name: String, limit: RateLimit)], at now: UnixTime
    ) async throws -> [RateDecision]

    /// Forgets buckets that were not used since a time.
    func forget(before time: UnixTime) async throws
}

/// Buckets in the memory of one process.
package final class MemoryRateLimiter: RateLimiter {
    private let buckets = Mutex<[String: TokenBucket]>([:])
    /// Buckets that are kept; at this number those that are full again are forgotten.
    private let countMax: Int

    /// No buckets.
    package init(countMax: Int = 100_000) { self.countMax = countMax }

    /// Takes a token from each bucket.
    package func take(
        _ wanted: [(name: String, limit: RateLimit)], at now: UnixTime
    ) async -> [RateDecision] {
        buckets.withLock { buckets in
            if buckets.count >= countMax {
                buckets = buckets.filter { now - $0.value.time < .seconds(60) }
                // An attack from many addresses: a limit for each cannot hold it.
                if buckets.count >= countMax { buckets = [:] }
            }
            return wanted.map { name, limit in
                var bucket = buckets[name] ?? TokenBucket(full: limit, at: now)
                let decision = bucket.take(limit, at: now)
                buckets[name] = bucket
                return decision
            }
        }
    }
}

extension MemoryRateLimiter {
    /// Forgets buckets that were not used since a time.
    package func forget(before time: UnixTime) async {
        buckets.withLock { buckets in buckets = buckets.filter { $0.value.time >= time } }
    }
}

/// Buckets in the database, for the processes of one machine or of many.
package struct DatabaseRateLimiter: RateLimiter {
    private let database: any Database

    /// Buckets in a database.
    package init(database: any Database) { self.database = database }

    /// Takes a token from each bucket.
    package func take(
        _ wanted: [(name: String, limit: RateLimit)], at now: UnixTime
    ) async throws -> [RateDecision] {
        let wanted = wanted.map { (name: $0.name, limit: $0.limit) }
        return try await database.transaction { connection in
            try wanted.map { name, limit in
                let row = try connection.first(
                    "SELECT tokens, changed_ms FROM rate_buckets WHERE name = $1", name)
                var bucket =
                    try row.map {
                        TokenBucket(
                            tokens: try $0.real("tokens"), time: try $0.time("changed_ms"))
                    } ?? TokenBucket(full: limit, at: now)
                let decision = bucket.take(limit, at: now)
                try connection.execute(
                    """
                    INSERT INTO rate_buckets(name, tokens, changed_ms) VALUES($1, $2, $3)
                    ON CONFLICT (name) DO UPDATE SET
                      tokens = excluded.tokens, changed_ms = excluded.changed_ms
                    """, name, bucket.tokens, bucket.time)
                return decision
            }
        }
    }

    /// Deletes buckets that were not used since a time.
    package func forget(before time: UnixTime) async throws {
        try await database.transaction { connection in
            try connection.execute("DELETE FROM rate_buckets WHERE changed_ms < $1", time)
        }
    }
}
