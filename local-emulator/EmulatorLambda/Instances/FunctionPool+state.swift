import ChildProcess
import Logging
import WallClock

/// The shell around `InstanceState` that performs its actions.
extension FunctionPool {
    /// Passes an event to an instance's state and performs the actions.
    /// - Parameter exit: The result of the process, for failures that report it.
    func apply(
        to number: Int, exit: String = "", _ event: (inout InstanceState) -> [InstanceState.Action]
    ) {
        guard var instance = instances[number] else { return }
        let actions = event(&instance.state)
        instances[number] = instance
        for action in actions { perform(action, on: number, exit: exit) }
        if !actions.isEmpty { announceChange() }
    }

    private func perform(_ action: InstanceState.Action, on number: Int, exit: String) {
        guard let instance = instances[number] else { return }
        switch action {
        case .holdNext, .refuseNextAsGone, .refuseNextAsInvalid, .deliver:
            preconditionFailure("the call of `next` itself performs its answer")
        case .releaseNext:
            instance.parked?.resume(returning: .gone)
            instances[number]?.parked = nil
        case .noteInitialized:
            instances[number]?.initMilliseconds =
                (ContinuousClock.now - instance.startedAt).milliseconds
        case .startInitTimer: startInitTimer(number)
        case .thaw: instance.child?.resume()
        case .freeze: instance.child?.pause()
        case .kill: instance.child?.kill()
        case .terminate: instance.child?.terminate(grace: .milliseconds(300))
        case .logReplaced:
            services.logger.info(
                "Instance with an old program replaced",
                ["function": .string(function.name), "instance": .integer(number)])
        case .breakStream(let reason):
            guard let current = instance.current else { return }
            current.stream?.finish(.failed(exitFailure(current, reason, exit)))
        case .failInvocation(let reason):
            guard let current = instance.current else { return }
            complete(number, .failed(exitFailure(current, reason, exit)), reason)
        case .failStart(let reason):
            failWaiting(initFailure(instance, reason, exit), number: number)
        case .remove: instances[number] = nil
        }
    }

    private func startInitTimer(_ number: Int) {
        let limit = services.configuration.initTimeMax
        services.tasks.start { [self] in
            try? await Task.sleep(for: limit)
            await initLimitReached(number)
        }
    }

    /// Fails the call that has waited longest after an instance failed to start.
    private func failWaiting(_ failure: InvocationFailure, number: Int) {
        services.logger.warning(
            "Instance did not start",
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
                    invocation: entry.invocation, startedAt: UnixTime.now(),
                    durationMilliseconds: 0, outcome: failure.type, answer: failure.payload))
        }
        entry.continuation.resume(returning: .failed(failure))
    }
}
