/// The decisions of a function's pool, as values: the calls that are admitted,
/// the instance of the next invocation, and the number of instances to start.
struct PoolDecision: Hashable, Sendable {
    /// An instance as the pool sees it at a decision.
    struct Candidate: Hashable, Sendable {
        var number: Int
        var state: InstanceState
        /// The instant at which it became idle; only the order counts.
        var idleSince: ContinuousClock.Instant
    }

    /// Maximum number of instances of the function.
    var capacity: Int
    /// Maximum number of waiting calls.
    var waitingCountMax: Int
    /// Maximum size of the events of waiting calls in bytes; one call may always wait.
    var waitingBytesMax = 64 << 20

    /// True if a call may wait or run.
    /// - Parameters:
    ///   - working: Number of instances with an unanswered invocation.
    ///   - waiting: Number of waiting calls.
    ///   - bytes: Size of their events and this one's in bytes.
    func admits(_ wait: WaitPolicy, working: Int, waiting: Int, bytes: Int = 0) -> Bool {
        switch wait {
        case .none: working + waiting < capacity
        case .limited:
            working + waiting < capacity
                || waiting < waitingCountMax && (waiting == 0 || bytes <= waitingBytesMax)
        case .unbounded: true
        }
    }

    /// Returns the instance of the next invocation: the most recently used one,
    /// so that the others can expire; nil if none is available.
    func choice(among candidates: some Sequence<Candidate>) -> Int? {
        candidates.filter(\.state.isAvailable).max { $0.idleSince < $1.idleSince }?.number
    }

    /// Returns the number of instances to start for waiting calls.
    /// - Parameters:
    ///   - instances: Number of instances, including those that are ending.
    ///   - starting: Number of those that are starting.
    func startCount(waiting: Int, instances: Int, starting: Int, isStopping: Bool) -> Int {
        isStopping ? 0 : max(0, min(waiting - starting, capacity - instances))
    }
}
