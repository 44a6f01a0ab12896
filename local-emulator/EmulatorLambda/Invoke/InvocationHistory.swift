import Synchronization

/// An invocation in the console's list.
package struct InvocationHistoryEntry: Sendable, Equatable {
    /// Number of the entry, from 0.
    package var sequence: Int
    /// Name of the function.
    package var function: String
    /// The same for every attempt of an asynchronous invocation.
    package var requestID: String
    /// The trigger.
    package var source: InvocationSource
    /// The object whose change is the event.
    package var objectKey: String?
    /// Number of the instance that served it, unique for its function.
    package var instance: Int
    /// Unix milliseconds at which the instance got it.
    package var startMilliseconds: Int
    /// Milliseconds it waited for an instance.
    package var waitedMilliseconds: Double
    /// True for the first invocation of its instance.
    package var coldStart: Bool
    /// Milliseconds that the start of its instance took, of a cold start that
    /// has ended.
    package var initMilliseconds: Double?
    /// nil while it runs.
    package var durationMilliseconds: Double?
    /// `running`, `ok`, or the type of the error.
    package var outcome: String
    /// Peak memory of the instance; nil where nothing was measured.
    package var peakMemoryBytes: Int?
}

/// The last invocations of all functions.
package final class InvocationHistory: Sendable {
    private struct State {
        var records: [InvocationHistoryEntry?]
        var next = 0
    }

    private let state: Mutex<State>

    /// - Parameter capacity: Records kept.
    package init(capacity: Int = 2_000) {
        state = Mutex(State(records: Array(repeating: nil, count: capacity)))
    }

    /// Enters an invocation that begins.
    /// - Returns: its sequence, for `finish`.
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

    /// The newest records that fit, newest first.
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
