/// The decisions of a function's pool, as values: which call is let in, which instance gets
/// the next invocation, how many instances are started.
struct PoolDecision: Hashable, Sendable {
    /// An instance as the pool sees it when it decides.
    struct Candidate: Hashable, Sendable {
        var number: Int
        var state: InstanceState
        /// When it became idle; only the order counts.
        var idleSince: ContinuousClock.Instant
    }

    /// Instances that the function may have at once.
    var capacity: Int
    /// Calls that may wait for an instance.
    var waitingCountMax: Int

    /// True if a call may wait or run.
    /// - Parameters:
    ///   - working: Instances with an unanswered invocation.
    ///   - waiting: Calls that wait.
    func admits(_ wait: WaitPolicy, working: Int, waiting: Int) -> Bool {
        switch wait {
        case .none: working + waiting < capacity
        case .milliseconds: working + waiting < capacity || waiting < waitingCountMax
        case .unbounded: true
        }
    }

    /// The instance for the next invocation: the one used last, so that the others can
    /// expire. Nil where none is available.
    func choice(among candidates: some Sequence<Candidate>) -> Int? {
        candidates.filter(\.state.isAvailable).max { $0.idleSince < $1.idleSince }?.number
    }

    /// Instances to start for calls that wait.
    /// - Parameters:
    ///   - instances: All instances, those that end included.
    ///   - starting: Those among them that start.
    func startCount(waiting: Int, instances: Int, starting: Int, isStopping: Bool) -> Int {
        isStopping ? 0 : max(0, min(waiting - starting, capacity - instances))
    }
}
