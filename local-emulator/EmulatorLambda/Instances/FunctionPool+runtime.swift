import ChildProcess
import Logging
import WallClock

/// The result of a runtime's POST.
enum ResponseStatus: Sendable {
    case accepted
    /// The request ID is not that of the instance's invocation.
    case invalidRequestID
    /// The invocation already has a response.
    case invalidState
}

/// The Runtime API side of a pool: the requests of its processes.
extension FunctionPool {
    /// Returns the next invocation of an instance; waits without a limit.
    func next(_ number: Int) async -> RuntimeNext {
        var answer = InstanceState.Action.refuseNextAsGone
        apply(to: number) { state in
            var actions = state.nextRequested()
            if let index = actions.firstIndex(where: Self.answersNext) {
                answer = actions.remove(at: index)
            }
            return actions
        }
        switch answer {
        case .holdNext: break
        case .refuseNextAsInvalid: return .invalidState
        default: return .gone
        }
        instances[number]?.current = nil
        instances[number]?.idleSince = .now
        return await withCheckedContinuation { continuation in
            instances[number]?.parked = continuation
            serveWaiting()
            guard services.configuration.freezesIdleInstances else { return }
            apply(to: number) { $0.foundNoWork() }
        }
    }

    private static func answersNext(_ action: InstanceState.Action) -> Bool {
        [.holdNext, .refuseNextAsGone, .refuseNextAsInvalid].contains(action)
    }

    /// Drops a pending `next` whose connection is gone.
    func unpark(_ number: Int) {
        apply(to: number) { $0.nextDisconnected() }
    }

    /// Logs the instance's output so far, so that an invocation's lines precede its end.
    func takeOutput(of number: Int) async {
        await instances[number]?.child?.takeOutput()
    }

    /// Accepts a runtime's response, a result or an error.
    func answer(_ number: Int, requestID: String, _ outcome: InvocationOutcome) -> ResponseStatus {
        guard let current = instances[number]?.current,
            current.invocation.requestID == requestID
        else { return .invalidRequestID }
        guard instances[number]?.state.responded() == true else { return .invalidState }
        complete(number, outcome)
        return .accepted
    }

    /// Accepts the head of a streamed response and passes the stream to the caller.
    func beginAnswer(
        _ number: Int, requestID: String, _ stream: ResponseBodyStream
    ) -> ResponseStatus {
        guard var current = instances[number]?.current,
            current.invocation.requestID == requestID
        else { return .invalidRequestID }
        guard instances[number]?.state.responseBegan() == true else { return .invalidState }
        current.continuation?.resume(returning: .streaming(stream))
        current.continuation = nil
        current.stream = stream
        instances[number]?.current = current
        return .accepted
    }

    /// Accepts the end of a streamed response.
    func endAnswer(_ number: Int, requestID: String, _ end: ResponseBodyStream.End) {
        guard instances[number]?.current?.invocation.requestID == requestID,
            instances[number]?.state.responseEnded() == true
        else { return }
        switch end {
        case .complete: complete(number, .succeeded([]))
        case .failed(let failure): complete(number, .failed(failure))
        }
    }

    /// Keeps a runtime's `init/error` until the process ends, which follows.
    func initError(_ number: Int, _ failure: InvocationFailure) -> ResponseStatus {
        guard instances[number]?.state.isStarting == true else { return .invalidState }
        instances[number]?.initFailure = failure
        return .accepted
    }

    /// Reports the outcome of an invocation to the caller, the log and the counters.
    func complete(
        _ number: Int, _ outcome: InvocationOutcome, _ reason: InstanceState.KillReason? = nil
    ) {
        guard let instance = instances[number], var current = instance.current else { return }
        let duration = (ContinuousClock.now - current.deliveredAt).milliseconds
        let own = ownPeakBytes(number, instance)
        let limit = function.memoryMegabytes << 20
        let isOutOfMemory = reason == .outOfMemory || instance.state.isOutOfMemory
        let maximum = isOutOfMemory ? limit : max(own ?? 0, instance.peakTreeBytes)
        let peak = maximum > 0 ? maximum : nil
        let name =
            switch outcome {
            case .succeeded, .streaming: "ok"
            case .failed(let failure): failure.type
            case .throttled: "throttled"
            }
        services.history.finish(
            current.historySequence, outcome: name, durationMilliseconds: duration,
            initMilliseconds: current.isColdStart ? instance.initMilliseconds : nil,
            peakMemoryBytes: peak)
        services.metrics.update(function.name) { counts in
            counts.invocations += 1
            counts.durationMilliseconds += duration
            if name != "ok" { counts.errors += 1 }
            if current.isColdStart { counts.coldStarts += 1 }
        }
        let initDuration = current.isColdStart ? instance.initMilliseconds : nil
        report(current.invocation, outcome, duration, initDuration, peak)
        record(current, outcome, name, duration)
        current.continuation?.resume(returning: outcome)
        current.continuation = nil
        if case .failed(let failure) = outcome {
            current.stream?.finish(.failed(failure))
        } else {
            current.stream?.finish(.complete)
        }
        instances[number]?.current = current
        announceChange()
    }

    /// The peak resident set of an instance's process in bytes. It is read at
    /// intervals: at thousands of calls a second, reading it would cost more than
    /// the calls.
    private func ownPeakBytes(_ number: Int, _ instance: FunctionInstance) -> Int? {
        let now = ContinuousClock.now
        if let known = instance.ownPeak, now - known.at < .milliseconds(100) { return known.bytes }
        guard let child = instance.child,
            let bytes = peakMemoryBytes(ofProcess: child.processID)
        else { return nil }
        instances[number]?.ownPeak = (bytes, now)
        return bytes
    }

    private func record(
        _ current: RunningInvocation, _ outcome: InvocationOutcome, _ name: String,
        _ duration: Double
    ) {
        guard let recorder = services.recorder else { return }
        let answer: [UInt8] =
            switch outcome {
            case .succeeded(let bytes): current.stream?.copy ?? bytes
            case .streaming(let stream): stream.copy
            case .failed(let failure): failure.payload
            case .throttled: []
            }
        recorder.record(
            InvocationRecorder.Entry(
                sequence: current.recordSequence, function: function.name,
                invocation: current.invocation, startedAt: current.startedAt,
                durationMilliseconds: duration, outcome: name, answer: answer))
    }

    /// Writes Lambda's END and REPORT lines, and one line in the emulator's log.
    private func report(
        _ invocation: InvocationInput, _ outcome: InvocationOutcome, _ duration: Double,
        _ initDuration: Double?, _ peak: Int?
    ) {
        let requestID = invocation.requestID
        // Lambda also bills the start of an instance.
        let billed = Int((duration + (initDuration ?? 0)).rounded(.up))
        var fields: [String: LogValue] = [
            "function": .string(function.name), "requestId": .string(requestID),
            "source": .string(invocation.source.rawValue), "durationMs": .double(duration),
            "billedMs": .integer(billed),
        ]
        fields["key"] = invocation.objectKey.map { .string($0) }
        fields["initMs"] = initDuration.map { .double($0) }
        fields["peakMemoryBytes"] = peak.map { .integer($0) }
        if case .failed(let failure) = outcome {
            if failure.type == "Sandbox.Timedout" {
                let seconds = fixed(Double(function.timeoutSeconds))
                let time = UnixTime.now().rfc3339
                log("\(time) \(requestID) Task timed out after \(seconds) seconds", invocation)
            }
            fields["error"] = .string(
                String(decoding: failure.payload.prefix(2_000), as: UTF8.self))
            services.logger.warning("Invocation failed", fields)
        } else {
            services.logger.info("Invocation ended", fields)
        }
        log("END RequestId: \(requestID)", invocation)
        var line = "REPORT RequestId: \(requestID)\tDuration: \(fixed(duration)) ms"
        line += "\tBilled Duration: \(billed) ms"
        line += "\tMemory Size: \(function.memoryMegabytes) MB"
        if let peak { line += "\tMax Memory Used: \((peak + (1 << 20) - 1) >> 20) MB" }
        if let initDuration { line += "\tInit Duration: \(fixed(initDuration)) ms" }
        line += statusText(outcome)
        log(line, invocation)
    }

    /// The end of the REPORT line if the service ended the invocation.
    private func statusText(_ outcome: InvocationOutcome) -> String {
        guard case .failed(let failure) = outcome else { return "" }
        switch failure.type {
        case "Sandbox.Timedout": return "\tStatus: timeout"
        case "Runtime.ExitError": return "\tStatus: error\tError Type: Runtime.ExitError"
        default: return ""
        }
    }

    // MARK: Failures that the service reports

    /// The failure of an invocation whose process exited.
    func exitFailure(
        _ current: RunningInvocation, _ reason: InstanceState.KillReason?, _ exit: String
    ) -> InvocationFailure {
        let prefix = "RequestId: \(current.invocation.requestID) Error: "
        if reason == .timeout {
            let seconds = fixed(Double(function.timeoutSeconds))
            return InvocationFailure(
                type: "Sandbox.Timedout",
                message: prefix + "Task timed out after \(seconds) seconds")
        }
        return InvocationFailure(type: "Runtime.ExitError", message: prefix + exit)
    }

    /// The failure of a process that exited before its first `next`, or never started.
    func initFailure(
        _ instance: FunctionInstance, _ reason: InstanceState.KillReason?, _ exit: String
    ) -> InvocationFailure {
        if let failure = instance.initFailure { return failure }
        if reason == .timeout {
            let limit = fixed(services.configuration.initTimeMax / .seconds(1))
            return InvocationFailure(
                type: "Sandbox.Timedout", message: "Init timed out after \(limit) seconds")
        }
        return InvocationFailure(type: "Runtime.ExitError", message: exit)
    }

    func exitText(_ result: ChildResult?) -> String {
        switch result?.exit {
        case .code(0), nil: "Runtime exited without providing a reason"
        case .code(let code): "Runtime exited with error: exit status \(code)"
        case .signal(9): "Runtime exited with error: signal: killed"
        case .signal(11): "Runtime exited with error: signal: segmentation fault"
        case .signal(let signal): "Runtime exited with error: signal: \(signal)"
        }
    }
}

/// Formats a number with two decimals.
func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
}
