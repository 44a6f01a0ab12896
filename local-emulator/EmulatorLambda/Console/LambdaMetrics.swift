import WallClock
import Synchronization

/// Counters for /metrics.
final class LambdaMetrics: Sendable {
    struct Counts: Sendable {
        var invocations = 0
        var errors = 0
        var throttles = 0
        var coldStarts = 0
        var durationMilliseconds = 0.0
        var retries = 0
        var deadLetters = 0
    }

    /// Upper bounds in milliseconds of the buckets from an object's commit to the handler's start.
    static let dispatchBoundsMilliseconds = [1, 2, 5, 10, 20, 50, 100, 500, 2_000, 10_000]

    private struct State {
        var functions: [String: Counts] = [:]
        var dispatchBuckets = Array(repeating: 0, count: dispatchBoundsMilliseconds.count + 1)
        var dispatchSumMilliseconds = 0
    }

    private let state = Mutex(State())

    func update(_ function: String, _ change: (inout Counts) -> Void) {
        state.withLock { change(&$0.functions[function, default: Counts()]) }
    }

    /// Number of invocations of a function since the start.
    func invocationCount(of function: String) -> Int {
        state.withLock { $0.functions[function]?.invocations ?? 0 }
    }

    func dispatched(after delay: Duration) {
        let milliseconds = delay.wholeMilliseconds
        state.withLock { state in
            let bounds = Self.dispatchBoundsMilliseconds
            let index = bounds.firstIndex { milliseconds <= $0 } ?? bounds.count
            state.dispatchBuckets[index] += 1
            state.dispatchSumMilliseconds += milliseconds
        }
    }

    /// Formats the counters in Prometheus text format 0.0.4.
    func text(
        functionNames: [String], instances: [String: Int], queueDepth: [String: Int],
        extra: [(name: String, value: Int)]
    ) -> String {
        let state = state.withLock { $0 }
        func family(_ name: String, _ type: String, _ value: (String, Counts) -> String) -> String {
            "# TYPE \(name) \(type)\n"
                + functionNames.map { function in
                    let counts = state.functions[function] ?? Counts()
                    return "\(name){function=\"\(function)\"} \(value(function, counts))\n"
                }.joined()
        }
        var text = family("spool_invocations_total", "counter") { "\($1.invocations)" }
        text += family("spool_errors_total", "counter") { "\($1.errors)" }
        text += family("spool_throttles_total", "counter") { "\($1.throttles)" }
        text += family("spool_cold_starts_total", "counter") { "\($1.coldStarts)" }
        text += family("spool_retries_total", "counter") { "\($1.retries)" }
        text += family("spool_dead_letters_total", "counter") { "\($1.deadLetters)" }
        text += family("spool_duration_milliseconds_total", "counter") {
            "\($1.durationMilliseconds)"
        }
        text += family("spool_instances", "gauge") { name, _ in "\(instances[name] ?? 0)" }
        text += family("spool_queue_depth", "gauge") { name, _ in "\(queueDepth[name] ?? 0)" }
        text += "# TYPE spool_event_dispatch_milliseconds histogram\n"
        var count = 0
        let bounds = Self.dispatchBoundsMilliseconds.map(String.init) + ["+Inf"]
        for (bound, bucket) in zip(bounds, state.dispatchBuckets) {
            count += bucket
            text += "spool_event_dispatch_milliseconds_bucket{le=\"\(bound)\"} \(count)\n"
        }
        text += "spool_event_dispatch_milliseconds_sum \(state.dispatchSumMilliseconds)\n"
        text += "spool_event_dispatch_milliseconds_count \(count)\n"
        for (name, value) in extra {
            text += "# TYPE \(name) counter\n\(name) \(value)\n"
        }
        return text
    }
}
