package import WallClock
import Synchronization

/// An invocation in the console's list.
package struct InvocationHistoryEntry: Sendable, Equatable {
    /// The entry's number, from 0.
    package var sequence: Int
    /// The function's name.
    package var function: String
    /// The request ID, the same for every attempt of an asynchronous invocation.
    package var requestID: String
    /// The trigger.
    package var source: InvocationSource
    /// The key of the object that caused the event; nil for other triggers.
    package var objectKey: String?
    /// The number of the instance, unique within its function.
    package var instance: Int
    /// Start on the instance.
    package var startedAt: UnixTime
    /// Milliseconds spent waiting for an instance.
    package var waitedMilliseconds: Double
    /// True for the first invocation of its instance.
    package var coldStart: Bool
    /// Milliseconds of the instance's start; nil unless this is a cold start that has completed.
    package var initMilliseconds: Double?
    /// Milliseconds of the run; nil while it is running.
    package var durationMilliseconds: Double?
    /// `running`, `ok` or the error type.
    package var outcome: String
    /// Peak memory of the instance in bytes; nil if not measured.
    package var peakMemoryBytes: Int?
}

/// The most recent invocations of all functions.
package final class InvocationHistory: Sendable {
    private struct State {
        var records: [InvocationHistoryEntry?]
        var next = 0
    }

    private let state: Mutex<State>

    /// - Parameter capacity: Maximum number of records.
    package init(capacity: Int = 2_000) {
        state = Mutex(State(records: Array(repeating: nil, count: capacity)))
    }

    /// Adds an invocation that starts.
    /// - Returns: its sequence number, for `finish`.
    func begin(_ record: InvocationHistoryEntry) -> Int {
        state.withLock { state in
            var record = record
            record.sequence = state.next
            state.records[state.next % state.records.count] = record
            state.next += 1
            return record.sequence
        }
    }

    func finish(
        _ sequence: Int, outcome: String, durationMilliseconds: Double,
        initMilliseconds: Double?, peakMemoryBytes: Int?
    ) {
        state.withLock { state in
            let index = sequence % state.records.count
            guard state.records[index]?.sequence == sequence else { return }
            state.records[index]?.outcome = outcome
            state.records[index]?.durationMilliseconds = durationMilliseconds
            state.records[index]?.initMilliseconds = initMilliseconds
            state.records[index]?.peakMemoryBytes = peakMemoryBytes
        }
    }

    /// Returns the newest matching records, newest first.
    package func records(
        function: String? = nil, keyContains part: String? = nil, limit: Int
    ) -> [InvocationHistoryEntry] {
        state.withLock { state in
            var found: [InvocationHistoryEntry] = []
            var sequence = state.next - 1
            while sequence >= max(0, state.next - state.records.count), found.count < limit {
                if let record = state.records[sequence % state.records.count],
                    function == nil || record.function == function,
                    part == nil || record.objectKey?.contains(part ?? "") == true
                {
                    found.append(record)
                }
                sequence -= 1
            }
            return found
        }
    }
}
