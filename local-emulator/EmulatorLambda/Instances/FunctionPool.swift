import ChildProcess
import Logging
import WallClock

/// The dependencies shared by all pools.
struct PoolServices: Sendable {
    var configuration: LambdaConfiguration
    var logs: LogRing
    var history: InvocationHistory
    var metrics: LambdaMetrics
    var tasks: BackgroundTasks
    /// The recorder of invocations; nil disables recording.
    var recorder: InvocationRecorder?
    var logger: Logger
}

/// The time that a call may wait for an instance.
enum WaitPolicy: Sendable {
    /// No wait except for an instance's start: the Invoke API.
    case none
    case limited(Duration)
    /// No limit: the asynchronous queue, which limits its own calls.
    case unbounded
}

/// The instances of one function and the calls that wait for one.
actor FunctionPool {
    struct Waiting {
        let invocation: InvocationInput
        let since: ContinuousClock.Instant
        let until: ContinuousClock.Instant?
        let continuation: CheckedContinuation<InvocationOutcome, Never>
    }

    let function: FunctionDefinition
    let services: PoolServices
    var instances: [Int: FunctionInstance] = [:]
    var waiting: [Waiting] = []
    private var nextNumber = 0
    private var guestCount = 0
    var isStopping = false
    private var isWatchingDeadlines = false
    /// The reason that the last instance did not start; nil after one that did.
    private(set) var startFailure: String?
    /// Stops that wait for the next change of an instance.
    var changeWaiters: [CheckedContinuation<Void, Never>] = []

    init(function: FunctionDefinition, services: PoolServices) {
        self.function = function
        self.services = services
    }

    /// Runs the function on a free instance, or on a new one if none is free and
    /// the limit permits it.
    func invoke(_ invocation: InvocationInput, wait: WaitPolicy) async -> InvocationOutcome {
        let until: ContinuousClock.Instant?
        let working = instances.values.count(where: \.state.isWorking)
        let bytes = waiting.reduce(invocation.payload.count) { $0 + $1.invocation.payload.count }
        guard decision.admits(wait, working: working, waiting: waiting.count, bytes: bytes) else {
            return throttle()
        }
        switch wait {
        case .none, .unbounded: until = nil
        case .limited(let limit): until = .now + limit
        }
        guard !isStopping else { return .throttled }
        return await withCheckedContinuation { continuation in
            waiting.append(
                Waiting(
                    invocation: invocation, since: .now, until: until, continuation: continuation))
            serveWaiting()
        }
    }

    /// Invokes the function on an instance beyond its limit, as a guest of `TurnDecision`.
    func invokeGuest(_ invocation: InvocationInput) async -> InvocationOutcome {
        guestCount += 1
        defer { guestCount -= 1 }
        return await invokeWhole(invocation, wait: .unbounded)
    }

    /// Invokes the function and collects the whole response.
    func invokeWhole(_ invocation: InvocationInput, wait: WaitPolicy) async -> InvocationOutcome {
        let outcome = await invoke(invocation, wait: wait)
        guard case .streaming(let stream) = outcome else { return outcome }
        return await stream.collected(
            bytesMax: services.configuration.responseBytesMax)
    }

    /// Ends instances that exceed the idle time and throttles calls that have waited too long.
    func tick() {
        let now = ContinuousClock.now
        let late = waiting.filter { ($0.until ?? now + .seconds(1)) <= now }
        if !late.isEmpty {
            waiting.removeAll { ($0.until ?? now + .seconds(1)) <= now }
            for entry in late { entry.continuation.resume(returning: throttle()) }
        }
        // Instances that could not start before may start now.
        if !waiting.isEmpty { serveWaiting() }
        let idleLimit = services.configuration.idleTimeMax
        for (number, instance) in instances
        where instance.state.isIdle && now - instance.idleSince >= idleLimit {
            apply(to: number) { $0.retire() }
        }
    }

    /// Replaces the instances of another program version, each once it is idle.
    func use(_ program: ProgramStamp) {
        for (number, instance) in instances where instance.program != program {
            apply(to: number) { $0.programReplaced() }
        }
    }

    /// Records the memory of working instances and kills those that exceed the
    /// function's limit, as Lambda's sandbox does.
    func measureMemory(_ table: ProcessTable) {
        for (number, instance) in instances where instance.state.isMeasured {
            guard let child = instance.child else { continue }
            let bytes = table.residentBytes(ofTree: child.processID)
            instances[number]?.peakTreeBytes = max(instance.peakTreeBytes, bytes)
            guard bytes > function.memoryMegabytes << 20 else { continue }
            apply(to: number) { $0.memoryExceeded() }
        }
    }

    /// True while an instance is starting or working.
    var isAtWork: Bool { instances.values.contains { !$0.state.isIdle } }

    /// Number of calls that wait for an instance.
    var waitingCount: Int { waiting.count }

    private var decision: PoolDecision {
        PoolDecision(
            capacity: function.reservedConcurrency + guestCount,
            waitingCountMax: services.configuration.waitingCountMax)
    }

    private func throttle() -> InvocationOutcome {
        services.metrics.update(function.name) { $0.throttles += 1 }
        return .throttled
    }

    // MARK: Instances

    /// Assigns waiting calls to idle instances and starts instances for the rest.
    func serveWaiting() {
        while !waiting.isEmpty, let number = decision.choice(among: candidates) {
            deliver(waiting.removeFirst(), to: number)
        }
        let count = decision.startCount(
            waiting: waiting.count, instances: instances.count,
            starting: instances.values.count(where: \.state.isStarting), isStopping: isStopping)
        for _ in 0..<count {
            guard services.configuration.admitsInstance() else { return }
            startInstance()
        }
    }

    private var candidates: some Sequence<PoolDecision.Candidate> {
        instances.values.lazy.map {
            PoolDecision.Candidate(number: $0.number, state: $0.state, idleSince: $0.idleSince)
        }
    }

    private func startInstance() {
        nextNumber += 1
        let number = nextNumber
        let instance = FunctionInstance(
            number: number, program: ProgramStamp(function, services.configuration), now: .now)
        instances[number] = instance
        let guardian = RuntimeGuard(hasSecret: function.command == nil)
        let process = InstanceProcess(
            function: function, number: number, configuration: services.configuration,
            logs: services.logs, requestTag: instance.requestTag,
            runtimePath: guardian.pathPrefix)
        let task = services.tasks.start { [self] in
            do {
                let result = try await process.run(
                    handler: RuntimeAPI(pool: self, number: number, guardian: guardian),
                    started: { child in await instanceStarted(number, child) },
                    exited: { _ in await processExited(number) },
                    drained: { result in await breakAnswer(number, result) })
                await instanceEnded(number, result: result, startFailure: nil)
            } catch {
                await instanceEnded(number, result: nil, startFailure: "\(error)")
            }
        }
        if task == nil {
            apply(to: number, exit: "Too many tasks in the emulator") { $0.ended() }
        }
    }

    private func instanceStarted(_ number: Int, _ child: Child) {
        instances[number]?.child = child
        startFailure = nil
        // A stop may have arrived while the process was starting.
        apply(to: number) { $0.processStarted(isStopping: isStopping) }
    }

    func initLimitReached(_ number: Int) {
        apply(to: number) { $0.initLimitReached() }
    }

    private func instanceEnded(_ number: Int, result: ChildResult?, startFailure: String?) {
        if let startFailure { self.startFailure = startFailure }
        apply(to: number, exit: startFailure ?? exitText(result)) { $0.ended() }
        serveWaiting()
    }

    private func deliver(_ entry: Waiting, to number: Int) {
        guard var instance = instances[number], let parked = instance.parked else { return }
        let actions = instance.state.assigned()
        let invocation = entry.invocation
        let now = UnixTime.now()
        let waited = ContinuousClock.now - entry.since
        let record = InvocationHistoryEntry(
            sequence: 0, function: function.name, requestID: invocation.requestID,
            source: invocation.source, objectKey: invocation.objectKey, instance: number,
            startedAt: now, waitedMilliseconds: waited.milliseconds,
            coldStart: instance.servedCount == 0, outcome: "running")
        let limit = function.timeoutSeconds
        instance.current = RunningInvocation(
            invocation: invocation, deliveredAt: .now, isColdStart: instance.servedCount == 0,
            startedAt: now, historySequence: services.history.begin(record),
            recordSequence: services.recorder?.nextSequence() ?? 0,
            deadline: .now + .seconds(limit),
            continuation: entry.continuation)
        instance.parked = nil
        instance.peakTreeBytes = 0
        if actions.contains(.thaw) { instance.child?.resume() }
        instance.servedCount += 1
        instance.requestTag.requestID = invocation.requestID
        instances[number] = instance
        if let time = invocation.eventTime {
            services.metrics.dispatched(after: max(.zero, now - time))
        }
        watchDeadlines()
        log("START RequestId: \(invocation.requestID) Version: $LATEST", invocation)
        parked.resume(
            returning: .invocation(
                RuntimeDelivery(
                    requestID: invocation.requestID, payload: invocation.payload,
                    deadline: now + .seconds(limit),
                    functionARN: services.configuration.arn(ofFunction: function.name),
                    traceID: invocation.traceID, clientContext: invocation.clientContext,
                    tenantID: invocation.tenantID)))
    }

    private func processExited(_ number: Int) {
        apply(to: number) { $0.processExited() }
    }

    /// Breaks a response in progress after the process ended, so that the
    /// listener's thread does not wait for it.
    private func breakAnswer(_ number: Int, _ result: ChildResult) {
        apply(to: number, exit: exitText(result)) { $0.outputDrained() }
    }

    /// Enforces timeouts in one task for all instances. A timer for each
    /// invocation would nearly always be cancelled, and a cancelled sleep keeps
    /// its memory until its time.
    private func watchDeadlines() {
        guard !isWatchingDeadlines else { return }
        isWatchingDeadlines = true
        services.tasks.start { [self] in
            while !Task.isCancelled, let next = await endOverdue() {
                try? await Task.sleep(until: next, clock: .continuous)
            }
        }
    }

    /// Kills instances that exceed their timeout.
    /// - Returns: the instant of the next timeout; nil if nothing runs.
    private func endOverdue() -> ContinuousClock.Instant? {
        let now = ContinuousClock.now
        var next: ContinuousClock.Instant?
        for (number, instance) in instances {
            guard case .working = instance.state.stage, let current = instance.current else {
                continue
            }
            if current.deadline <= now {
                apply(to: number) { $0.timeLimitReached() }
            } else {
                next = min(next ?? current.deadline, current.deadline)
            }
        }
        isWatchingDeadlines = next != nil
        return next
    }

    func log(_ text: String, _ invocation: InvocationInput) {
        services.logs.append(
            text, function: function.name, requestID: invocation.requestID, isOutput: false)
    }
}

extension Duration {
    /// The duration in milliseconds, with the fraction.
    var milliseconds: Double {
        Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
    }
}
