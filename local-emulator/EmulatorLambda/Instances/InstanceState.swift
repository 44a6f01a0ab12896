/// The state machine of one instance, without a process: events in, actions out.
///
/// The pool reports events and performs the returned actions in order. It owns
/// sockets, timers, signals and waiting callers.
struct InstanceState: Hashable, Sendable {
    /// The stage of an instance's life.
    enum Stage: Hashable, Sendable {
        /// The process has not requested its first invocation.
        case starting
        /// The instance has no invocation.
        case idle(Wait)
        /// The instance has an invocation.
        case working(Work)
        /// SIGKILL was sent; the process has not ended.
        case killed(KillReason, during: Activity)
        /// SIGTERM was sent to an instance without an unanswered invocation.
        case terminating
        /// The process has ended or could not start.
        case ended
    }

    /// The wait of an idle instance.
    enum Wait: Hashable, Sendable {
        /// Its call of `next` has lost its connection.
        case disconnected
        /// Its call of `next` is open.
        case connected
        /// Its call of `next` is open and its processes are stopped (SIGSTOP).
        case frozen
    }

    /// The progress of the response to an invocation.
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
        /// An activity without a waiting caller.
        case other
    }

    /// The reason for killing an instance.
    enum KillReason: Hashable, Sendable {
        /// The timeout of the start or of the invocation.
        case timeout
        /// The function's memory limit.
        case outOfMemory
        /// The end of the emulator's grace period.
        case stop
    }

    /// One action for the pool to perform.
    enum Action: Hashable, Sendable {
        /// Keep the call of `next` open, then look for work.
        case holdNext
        /// Answer the held call of `next`: the instance has ended.
        case releaseNext
        /// Answer this call of `next`: the instance has ended.
        case refuseNextAsGone
        /// Answer this call of `next`: the invocation has no response yet.
        case refuseNextAsInvalid
        /// Record the duration of the start.
        case noteInitialized
        /// Start the timer of the start's timeout.
        case startInitTimer
        /// Continue the stopped processes (SIGCONT).
        case thaw
        /// Stop the processes (SIGSTOP).
        case freeze
        /// Answer the held call of `next` with the invocation.
        case deliver
        case kill
        case terminate
        /// Log that the instance runs a replaced program.
        case logReplaced
        /// End the streamed response as failed.
        case breakStream(KillReason?)
        /// Complete the invocation as failed; the reason is nil for an unexpected exit.
        case failInvocation(KillReason?)
        /// Fail the call that has waited longest, since the start failed.
        case failStart(KillReason?)
        /// Remove the instance.
        case remove
    }

    /// The treatment of the instance after its invocation. It is independent of
    /// the stage: a program can be replaced at any time.
    private enum Future: Hashable, Sendable {
        case reuse
        case retire
    }

    private(set) var stage = Stage.starting
    private var future = Future.reuse

    /// Creates the state of a process that is being started.
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

    /// True if the instance is idle.
    var isIdle: Bool { if case .idle = stage { true } else { false } }

    /// True until the process requests its first invocation.
    var isStarting: Bool {
        switch stage {
        case .starting, .killed(_, during: .starting): true
        case .idle, .working, .killed, .terminating, .ended: false
        }
    }

    /// True if the instance was killed for its memory use.
    var isOutOfMemory: Bool { if case .killed(.outOfMemory, _) = stage { true } else { false } }

    /// True if the process's memory must be checked against the function's limit.
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
    /// Records that the process runs.
    /// - Parameter isStopping: True if the emulator is stopping.
    mutating func processStarted(isStopping: Bool) -> [Action] {
        switch stage {
        case .starting where !isStopping: return [.startInitTimer]
        // A stop arrived while the process was being started.
        case .starting, .terminating:
            stage = .terminating
            return [.terminate]
        case .killed: return [.kill]
        case .idle, .working, .ended: return []
        }
    }

    /// Kills an instance whose start has timed out.
    mutating func initLimitReached() -> [Action] {
        guard stage == .starting else { return [] }
        stage = .killed(.timeout, during: .starting)
        return [.kill]
    }

    /// Kills an instance whose invocation has timed out.
    mutating func timeLimitReached() -> [Action] {
        guard case .working(let work) = stage else { return [] }
        stage = .killed(.timeout, during: .working(work))
        return [.kill]
    }

    /// Kills an instance whose process tree exceeds the function's memory limit.
    mutating func memoryExceeded() -> [Action] {
        switch stage {
        case .starting: stage = .killed(.outOfMemory, during: .starting)
        case .working(let work): stage = .killed(.outOfMemory, during: .working(work))
        case .terminating: stage = .killed(.outOfMemory, during: .other)
        case .idle, .killed, .ended: return []
        }
        return [.kill]
    }

    /// Retires an instance whose program was replaced, once it is idle.
    mutating func programReplaced() -> [Action] {
        guard future == .reuse else { return [] }
        future = .retire
        guard isIdle else { return [.logReplaced] }
        stage = .terminating
        return [.logReplaced, .terminate]
    }

    /// Ends an instance that is not needed, or when the emulator stops. Has no
    /// effect while an invocation is unanswered.
    mutating func retire() -> [Action] {
        switch stage {
        case .starting, .idle, .working(.answered):
            stage = .terminating
            return [.terminate]
        case .working, .killed, .terminating, .ended: return []
        }
    }

    /// Kills the instance: the emulator's grace period has ended.
    mutating func stopLimitReached() -> [Action] {
        switch stage {
        case .starting: stage = .killed(.stop, during: .other)
        case .idle, .terminating: stage = .killed(.stop, during: .other)
        case .working(let work): stage = .killed(.stop, during: .working(work))
        case .killed, .ended: return []
        }
        return [.kill]
    }

    /// Releases the held call of `next` after the process ended: its listener ends only
    /// after its calls.
    mutating func processExited() -> [Action] {
        switch stage {
        case .idle:
            stage = .terminating
            return [.releaseNext]
        case .killed(_, during: .other), .terminating: return [.releaseNext]
        case .starting, .working, .killed, .ended: return []
        }
    }

    /// Breaks a response in progress: the process ended and what it had sent is read.
    func outputDrained() -> [Action] {
        switch stage {
        case .working(.streaming): [.breakStream(nil)]
        case .killed(let reason, during: .working(.streaming)): [.breakStream(reason)]
        case .starting, .idle, .working, .killed, .terminating, .ended: []
        }
    }

    /// Records that process and listener have ended or could not start.
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
    /// Handles the runtime's request for an invocation.
    mutating func nextRequested() -> [Action] {
        var actions: [Action]
        switch stage {
        case .starting: actions = [.noteInitialized, .holdNext]
        // The runtime has lost the connection of its previous call.
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

    /// Records that the connection of the held call of `next` is gone.
    mutating func nextDisconnected() -> [Action] {
        guard isAvailable else { return [] }
        stage = .idle(.disconnected)
        return [.releaseNext]
    }

    /// Records that no invocation is waiting.
    mutating func foundNoWork() -> [Action] {
        guard stage == .idle(.connected) else { return [] }
        stage = .idle(.frozen)
        return [.freeze]
    }

    /// Records that an invocation was assigned to the instance.
    /// - Precondition: `isAvailable`.
    mutating func assigned() -> [Action] {
        precondition(isAvailable, "an invocation goes to an instance that waits for one")
        let wasFrozen = stage == .idle(.frozen)
        stage = .working(.unanswered)
        return wasFrozen ? [.thaw, .deliver] : [.deliver]
    }

    /// Records the start of a streamed response.
    /// - Returns: false if the invocation already has a response, or there is none.
    mutating func responseBegan() -> Bool { changeWork(from: .unanswered, to: .streaming) }

    /// Records a complete response, a result or an error.
    /// - Returns: false if the invocation already has a response, or there is none.
    mutating func responded() -> Bool { changeWork(from: .unanswered, to: .answered) }

    /// Records the end of a streamed response, complete or broken.
    /// - Returns: false if no stream was in progress.
    mutating func responseEnded() -> Bool { changeWork(from: .streaming, to: .answered) }

    /// Changes the progress; a process that is being killed may still send a response.
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
