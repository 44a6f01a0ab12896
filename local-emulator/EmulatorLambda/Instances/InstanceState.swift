/// The state of one instance, as a machine without a process: events in, actions out.
///
/// The pool tells it what happened and performs what it answers, in order. Sockets, timers,
/// signals and waiting callers are the pool's.
struct InstanceState: Hashable, Sendable {
    /// Stage of an instance's life.
    enum Stage: Hashable, Sendable {
        /// The process has not requested its first invocation.
        case starting
        /// No invocation.
        case idle(Wait)
        /// An invocation.
        case working(Work)
        /// SIGKILL is sent; the process has not ended.
        case killed(KillReason, during: Activity)
        /// SIGTERM is sent to an instance without an unanswered invocation.
        case terminating
        /// The process has ended, or was never made.
        case ended
    }

    /// How an idle instance waits.
    enum Wait: Hashable, Sendable {
        /// Its call of `next` has lost its connection.
        case disconnected
        /// Its call of `next` is open.
        case connected
        /// Its call of `next` is open and its processes are stopped (SIGSTOP).
        case frozen
    }

    /// How far the response to an invocation is.
    enum Work: Hashable, Sendable {
        case unanswered
        /// A streamed response has begun.
        case streaming
        /// The response is complete, and the runtime has not requested the next
        /// invocation.
        case answered
    }

    /// The activity of an instance when it was killed.
    enum Activity: Hashable, Sendable {
        case starting
        case working(Work)
        /// No caller waits for it.
        case other
    }

    /// Why an instance is killed.
    enum KillReason: Hashable, Sendable {
        /// The time limit of the start or of the invocation.
        case timeout
        /// More memory than its function has.
        case outOfMemory
        /// The emulator stops and has no more time.
        case stop
    }

    /// One thing for the pool to do.
    enum Action: Hashable, Sendable {
        /// Keep the call of `next` open, then look for work.
        case holdNext
        /// Answer the call of `next` that is held: the instance is gone.
        case releaseNext
        /// Answer this call of `next`: the instance is gone.
        case refuseNextAsGone
        /// Answer this call of `next`: the invocation has no response yet.
        case refuseNextAsInvalid
        /// Note how long the start took.
        case noteInitialized
        /// Start the timer of the start's time limit.
        case startInitTimer
        /// Continue the stopped processes (SIGCONT).
        case thaw
        /// Stop the processes (SIGSTOP).
        case freeze
        /// Answer the held call of `next` with the invocation.
        case deliver
        case kill
        case terminate
        /// Log that the instance runs an old program.
        case logReplaced
        /// End the streamed response as failed.
        case breakStream(KillReason?)
        /// Complete the invocation as failed. The reason is nil for an exit that was
        /// not asked for.
        case failInvocation(KillReason?)
        /// Fail the call that has waited longest: the start failed.
        case failStart(KillReason?)
        /// Forget the instance.
        case remove
    }

    /// The answer to the next request of an invocation. Independent of the
    /// stage: a program can be replaced at any time.
    private enum Future: Hashable, Sendable {
        case reuse
        case retire
    }

    private(set) var stage = Stage.starting
    private var future = Future.reuse

    /// The state of a process that is being made.
    init() {}

    // MARK: Questions

    /// True if an invocation has no complete response.
    var isWorking: Bool {
        switch stage {
        case .working(let work), .killed(_, during: .working(let work)): work != .answered
        case .starting, .idle, .killed, .terminating, .ended: false
        }
    }

    /// True if an invocation can be delivered now.
    var isAvailable: Bool { stage == .idle(.connected) || stage == .idle(.frozen) }

    /// True if it is idle.
    var isIdle: Bool { if case .idle = stage { true } else { false } }

    /// True until its process has requested an invocation.
    var isStarting: Bool {
        switch stage {
        case .starting, .killed(_, during: .starting): true
        case .idle, .working, .killed, .terminating, .ended: false
        }
    }

    /// True if it was killed for its memory.
    var isOutOfMemory: Bool { if case .killed(.outOfMemory, _) = stage { true } else { false } }

    /// True if the process must be measured against its function's memory.
    var isMeasured: Bool {
        switch stage {
        case .starting, .working, .terminating: true
        case .idle, .killed, .ended: false
        }
    }

    /// The word for the console: `starting`, `idle`, `busy` or `ending`.
    var name: String {
        switch stage {
        case .starting, .killed(_, during: .starting): "starting"
        case .idle: "idle"
        case .working, .killed(_, during: .working): "busy"
        case .killed, .terminating, .ended: "ending"
        }
    }
}

// MARK: - The process

extension InstanceState {
    /// The process runs.
    /// - Parameter isStopping: The emulator stops.
    mutating func processStarted(isStopping: Bool) -> [Action] {
        switch stage {
        case .starting where !isStopping: return [.startInitTimer]
        // A stop came while the process was being made.
        case .starting, .terminating:
            stage = .terminating
            return [.terminate]
        case .killed: return [.kill]
        case .idle, .working, .ended: return []
        }
    }

    /// The start has reached its time limit.
    mutating func initLimitReached() -> [Action] {
        guard stage == .starting else { return [] }
        stage = .killed(.timeout, during: .starting)
        return [.kill]
    }

    /// The invocation has reached its time limit.
    mutating func timeLimitReached() -> [Action] {
        guard case .working(let work) = stage else { return [] }
        stage = .killed(.timeout, during: .working(work))
        return [.kill]
    }

    /// The process tree holds more memory than the function has.
    mutating func memoryExceeded() -> [Action] {
        switch stage {
        case .starting: stage = .killed(.outOfMemory, during: .starting)
        case .working(let work): stage = .killed(.outOfMemory, during: .working(work))
        case .terminating: stage = .killed(.outOfMemory, during: .other)
        case .idle, .killed, .ended: return []
        }
        return [.kill]
    }

    /// Another program has taken the place of the one that runs.
    mutating func programReplaced() -> [Action] {
        guard future == .reuse else { return [] }
        future = .retire
        guard isIdle else { return [.logReplaced] }
        stage = .terminating
        return [.logReplaced, .terminate]
    }

    /// The instance is no longer needed, or the emulator stops. An unanswered invocation
    /// goes first.
    mutating func retire() -> [Action] {
        switch stage {
        case .starting, .idle, .working(.answered):
            stage = .terminating
            return [.terminate]
        case .working, .killed, .terminating, .ended: return []
        }
    }

    /// The emulator stops and has no more time.
    mutating func stopLimitReached() -> [Action] {
        switch stage {
        case .starting: stage = .killed(.stop, during: .other)
        case .idle, .terminating: stage = .killed(.stop, during: .other)
        case .working(let work): stage = .killed(.stop, during: .working(work))
        case .killed, .ended: return []
        }
        return [.kill]
    }

    /// The process has ended and its listener has not: a response that is being sent
    /// ends now.
    func processExited() -> [Action] {
        switch stage {
        case .working(.streaming): [.breakStream(nil)]
        case .killed(let reason, during: .working(.streaming)): [.breakStream(reason)]
        case .starting, .idle, .working, .killed, .terminating, .ended: []
        }
    }

    /// Process and listener have ended, or could not be made.
    mutating func ended() -> [Action] {
        defer { stage = .ended }
        switch stage {
        case .starting: return [.failStart(nil), .remove]
        case .killed(let reason, during: .starting): return [.failStart(reason), .remove]
        case .idle: return [.releaseNext, .remove]
        case .working(.answered), .killed(_, during: .working(.answered)): return [.remove]
        case .working: return [.failInvocation(nil), .remove]
        case .killed(let reason, during: .working): return [.failInvocation(reason), .remove]
        case .killed, .terminating: return [.releaseNext, .remove]
        case .ended: return []
        }
    }
}

// MARK: - The Runtime API

extension InstanceState {
    /// The runtime requests an invocation.
    mutating func nextRequested() -> [Action] {
        var actions: [Action]
        switch stage {
        case .starting: actions = [.noteInitialized, .holdNext]
        // The runtime has lost the connection of its first call.
        case .idle: actions = [.releaseNext, .holdNext]
        case .working(.answered): actions = [.holdNext]
        case .working, .killed(_, during: .working(.unanswered)),
            .killed(_, during: .working(.streaming)):
            return [.refuseNextAsInvalid]
        case .killed, .terminating, .ended: return [.refuseNextAsGone]
        }
        guard future == .reuse else {
            actions.removeLast()
            stage = .terminating
            return actions + [.refuseNextAsGone, .terminate]
        }
        stage = .idle(.connected)
        return actions
    }

    /// The connection of the held call of `next` is gone.
    mutating func nextDisconnected() -> [Action] {
        guard isAvailable else { return [] }
        stage = .idle(.disconnected)
        return [.releaseNext]
    }

    /// There is nothing to do.
    mutating func foundNoWork() -> [Action] {
        guard stage == .idle(.connected) else { return [] }
        stage = .idle(.frozen)
        return [.freeze]
    }

    /// An invocation is chosen for the instance.
    /// - Precondition: `isAvailable`.
    mutating func assigned() -> [Action] {
        precondition(isAvailable, "an invocation goes to an instance that waits for one")
        let wasFrozen = stage == .idle(.frozen)
        stage = .working(.unanswered)
        return wasFrozen ? [.thaw, .deliver] : [.deliver]
    }

    /// A streamed response begins.
    /// - Returns: False if the invocation has a response already, or there is none.
    mutating func responseBegan() -> Bool { changeWork(from: .unanswered, to: .streaming) }

    /// A whole response, good or bad.
    /// - Returns: False if the invocation has a response already, or there is none.
    mutating func responded() -> Bool { changeWork(from: .unanswered, to: .answered) }

    /// A streamed response has ended, well or not.
    /// - Returns: False if none was under way.
    mutating func responseEnded() -> Bool { changeWork(from: .streaming, to: .answered) }

    /// A response may still come from a process that is being killed.
    private mutating func changeWork(from old: Work, to new: Work) -> Bool {
        switch stage {
        case .working(old): stage = .working(new)
        case .killed(let reason, during: .working(old)):
            stage = .killed(reason, during: .working(new))
        case .starting, .idle, .working, .killed, .terminating, .ended: return false
        }
        return true
    }
}
