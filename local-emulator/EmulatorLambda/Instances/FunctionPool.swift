import ChildProcess
import Logging
import WallClock

/// What all pools share.
struct PoolServices: Sendable {
    var configuration: LambdaConfiguration
    var logs: LogRing
    var history: InvocationHistory
    var metrics: LambdaMetrics
    var tasks: BackgroundTasks
    /// Writes every invocation down; nil: nothing is.
    var recorder: InvocationRecorder?
    var logger: Logger
}

/// How long a caller is ready to wait for an instance.
enum WaitPolicy: Sendable {
    /// Not at all, but for the start of an instance: the Invoke API.
    case none
    case milliseconds(Int)
    /// The asynchronous queue, which bounds itself.
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
    private var waiting: [Waiting] = []
    private var nextNumber = 0
    private var isStopping = false
    private var isWatchingDeadlines = false

    init(function: FunctionDefinition, services: PoolServices) {
        self.function = function
        self.services = services
    }

    /// Runs the function on a free instance, or on a new one when none is free
    /// and there may be more.
    func invoke(_ invocation: InvocationInput, wait: WaitPolicy) async -> InvocationOutcome {
        let until: ContinuousClock.Instant?
        switch wait {
        case .none:
            guard hasRoom else { return throttle() }
            until = nil
        case .milliseconds(let milliseconds):
            guard hasRoom || waiting.count < services.configuration.waitingCountMax else {
                return throttle()
            }
            until = .now + .milliseconds(milliseconds)
        case .unbounded: until = nil
        }
        guard !isStopping else { return .throttled }
        return await withCheckedContinuation { continuation in
            waiting.append(
                Waiting(
                    invocation: invocation, since: .now, until: until, continuation: continuation))
            serveWaiting()
        }
    }

    /// As `invoke`, for callers that want the whole answer.
    func invokeWhole(_ invocation: InvocationInput, wait: WaitPolicy) async -> InvocationOutcome {
        let outcome = await invoke(invocation, wait: wait)
        guard case .streaming(let stream) = outcome else { return outcome }
        return await stream.collected(
            bytesMax: services.configuration.responseBytesMax)
    }

    /// Ends what was idle for too long, and gives up what has waited too long.
    func tick() {
        let now = ContinuousClock.now
        let late = waiting.filter { ($0.until ?? now + .seconds(1)) <= now }
        if !late.isEmpty {
            waiting.removeAll { ($0.until ?? now + .seconds(1)) <= now }
            for entry in late { entry.continuation.resume(returning: throttle()) }
        }
        let idleLimit = Duration.milliseconds(services.configuration.idleMilliseconds)
        for (number, instance) in instances
        where instance.phase == .idle && now - instance.idleSince >= idleLimit {
            end(number)
        }
    }

    /// The program's file is now this: instances that run another end as soon
    /// as they have nothing to do.
    func use(_ program: ProgramStamp) {
        for (number, instance) in instances
        where !instance.isOutdated && instance.program != program {
            instances[number]?.isOutdated = true
            services.logger.info(
                "An instance runs an old program and is replaced",
                ["function": .string(function.name), "instance": .integer(number)])
            if instance.phase == .idle { end(number) }
        }
    }

    /// Notes how much memory working instances hold, and kills what holds too
    /// much, as Lambda's sandbox does.
    func measureMemory(_ table: ProcessTable) {
        for (number, instance) in instances where instance.phase != .idle {
            guard let child = instance.child, !instance.isOutOfMemory else { continue }
            let bytes = table.residentBytes(ofTree: child.processID)
            instances[number]?.peakTreeBytes = max(instance.peakTreeBytes, bytes)
            guard bytes > function.memoryMegabytes << 20 else { continue }
            instances[number]?.isOutOfMemory = true
            child.kill()
        }
    }

    /// Whether some instance starts or has an invocation.
    var isAtWork: Bool { instances.values.contains { $0.phase != .idle } }

    /// Takes no more calls, gives running ones until `deadline`, ends all instances.
    func stop(by deadline: ContinuousClock.Instant) async {
        isStopping = true
        let refused = waiting
        waiting = []
        for entry in refused { entry.continuation.resume(returning: .throttled) }
        while instances.values.contains(where: \.isWorking), ContinuousClock.now < deadline {
            for (number, instance) in instances where !instance.isWorking { end(number) }
            try? await Task.sleep(for: .milliseconds(10))
        }
        for (number, instance) in instances {
            instance.isWorking ? instance.child?.kill() : end(number)
        }
        while !instances.isEmpty { try? await Task.sleep(for: .milliseconds(5)) }
    }

    /// Calls that wait for an instance.
    var waitingCount: Int { waiting.count }

    private var hasRoom: Bool {
        let working = instances.values.count(where: \.isWorking)
        return working + waiting.count < function.reservedConcurrency
    }

    private func throttle() -> InvocationOutcome {
        services.metrics.update(function.name) { $0.throttles += 1 }
        return .throttled
    }

    // MARK: Instances

    /// Hands waiting calls to idle instances, then starts instances for the rest.
    func serveWaiting() {
        while !waiting.isEmpty, let number = freeInstance() {
            deliver(waiting.removeFirst(), to: number)
        }
        let starting = instances.values.count { $0.phase == .starting }
        let missing = waiting.count - starting
        let room = function.reservedConcurrency - instances.count
        for _ in 0..<max(0, min(missing, room)) where !isStopping { startInstance() }
    }

    /// The one used last, so that the others can expire.
    private func freeInstance() -> Int? {
        instances.values.filter { $0.phase == .idle && $0.parked != nil }
            .max { $0.idleSince < $1.idleSince }?.number
    }

    private func startInstance() {
        nextNumber += 1
        let number = nextNumber
        let instance = FunctionInstance(
            number: number, program: ProgramStamp(function, services.configuration), now: .now)
        instances[number] = instance
        let process = InstanceProcess(
            function: function, number: number, configuration: services.configuration,
            logs: services.logs, requestTag: instance.requestTag)
        services.tasks.start { [self] in
            do {
                let result = try await process.run(
                    handler: RuntimeAPI(pool: self, number: number),
                    started: { child in await instanceStarted(number, child) },
                    exited: { result in await breakAnswer(number, result) })
                await instanceEnded(number, result: result, startFailure: nil)
            } catch {
                await instanceEnded(number, result: nil, startFailure: "\(error)")
            }
        }
    }

    private func instanceStarted(_ number: Int, _ child: Child) {
        instances[number]?.child = child
        // A stop may have come while the process was being made.
        if isStopping { end(number) }
        let limit = services.configuration.initMilliseconds
        services.tasks.start { [self] in
            try? await Task.sleep(for: .milliseconds(limit))
            await initLimitReached(number)
        }
    }

    private func initLimitReached(_ number: Int) {
        guard instances[number]?.phase == .starting else { return }
        instances[number]?.isTimedOut = true
        instances[number]?.child?.kill()
    }

    func end(_ number: Int) {
        guard instances[number]?.phase != .ending else { return }
        instances[number]?.phase = .ending
        instances[number]?.child?.terminate(graceMilliseconds: 300)
    }

    private func instanceEnded(_ number: Int, result: ChildResult?, startFailure: String?) {
        guard let instance = instances[number] else { return }
        let phase = instance.phase
        instance.parked?.resume(returning: .gone)
        instances[number]?.parked = nil
        let exit = startFailure ?? exitText(result)
        if let current = instance.current {
            if !current.isAnswered {
                complete(number, .failed(exitFailure(current, instance.isTimedOut, exit)))
            }
        } else if phase == .starting {
            failWaiting(initFailure(instance, exit), number: number)
        }
        instances[number] = nil
        serveWaiting()
    }

    /// The start of an instance failed: the call that waits longest is told.
    private func failWaiting(_ failure: InvocationFailure, number: Int) {
        services.logger.warning(
            "An instance did not start",
            [
                "function": .string(function.name), "instance": .integer(number),
                "error": .string(String(decoding: failure.payload, as: UTF8.self)),
            ])
        guard !waiting.isEmpty else { return }
        let entry = waiting.removeFirst()
        services.metrics.update(function.name) { counts in
            counts.invocations += 1
            counts.errors += 1
        }
        services.logs.append(
            "INIT_REPORT Status: error Error Type: \(failure.type)", function: function.name,
            requestID: entry.invocation.requestID, isOutput: false)
        if let recorder = services.recorder {
            recorder.record(
                InvocationRecorder.Entry(
                    sequence: recorder.nextSequence(), function: function.name,
                    invocation: entry.invocation, startMilliseconds: UnixTime.now().milliseconds,
                    durationMilliseconds: 0, outcome: failure.type, answer: failure.payload))
        }
        entry.continuation.resume(returning: .failed(failure))
    }

    private func deliver(_ entry: Waiting, to number: Int) {
        guard var instance = instances[number], let parked = instance.parked else { return }
        let invocation = entry.invocation
        let now = UnixTime.now().milliseconds
        let waited = ContinuousClock.now - entry.since
        let record = InvocationHistoryEntry(
            sequence: 0, function: function.name, requestID: invocation.requestID,
            source: invocation.source, objectKey: invocation.objectKey, instance: number,
            startMilliseconds: now, waitedMilliseconds: waited.milliseconds,
            coldStart: instance.servedCount == 0, outcome: "running")
        let limit = function.timeoutSeconds
        instance.current = RunningInvocation(
            invocation: invocation, deliveredAt: .now, isColdStart: instance.servedCount == 0,
            startMilliseconds: now, historySequence: services.history.begin(record),
            recordSequence: services.recorder?.nextSequence() ?? 0,
            deadline: .now + .seconds(limit),
            continuation: entry.continuation)
        instance.phase = .busy
        instance.parked = nil
        instance.peakTreeBytes = 0
        if instance.isFrozen { instance.child?.resume() }
        instance.isFrozen = false
        instance.servedCount += 1
        instance.requestTag.requestID = invocation.requestID
        instances[number] = instance
        if let time = invocation.eventTimeMilliseconds {
            services.metrics.dispatched(afterMilliseconds: max(0, now - time))
        }
        watchDeadlines()
        log("START RequestId: \(invocation.requestID) Version: $LATEST", invocation)
        parked.resume(
            returning: .invocation(
                RuntimeDelivery(
                    requestID: invocation.requestID, payload: invocation.payload,
                    deadlineMilliseconds: now + limit * 1_000,
                    functionARN: services.configuration.arn(ofFunction: function.name),
                    traceID: invocation.traceID, clientContext: invocation.clientContext,
                    tenantID: invocation.tenantID)))
    }

    /// The process is gone: whoever sends an answer to its caller is told, and
    /// the listener's thread waits for nobody.
    private func breakAnswer(_ number: Int, _ result: ChildResult) {
        guard let current = instances[number]?.current, let stream = current.stream else { return }
        let isTimedOut = instances[number]?.isTimedOut ?? false
        stream.finish(.failed(exitFailure(current, isTimedOut, exitText(result))))
    }

    /// Waits for time limits, in one task for all instances. A timer for each
    /// invocation would be cancelled nearly always, and what a cancelled sleep
    /// holds stays in memory until its time has come.
    private func watchDeadlines() {
        guard !isWatchingDeadlines else { return }
        isWatchingDeadlines = true
        services.tasks.start { [self] in
            while !Task.isCancelled, let next = await endOverdue() {
                try? await Task.sleep(until: next, clock: .continuous)
            }
        }
    }

    /// Kills what is over its time limit.
    /// - Returns: when the next limit is reached; nil when nothing runs.
    private func endOverdue() -> ContinuousClock.Instant? {
        let now = ContinuousClock.now
        var next: ContinuousClock.Instant?
        for (number, instance) in instances where !instance.isTimedOut {
            guard let current = instance.current else { continue }
            if current.deadline <= now {
                instances[number]?.isTimedOut = true
                instance.child?.kill()
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
    /// Milliseconds with their fraction.
    var milliseconds: Double {
        Double(components.seconds) * 1_000 + Double(components.attoseconds) / 1e15
    }
}
