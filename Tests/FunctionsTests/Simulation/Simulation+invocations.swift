import Functions
import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import Synchronization
import TestSupport
import WallClock

/// The platform of a `Simulation`, which runs the functions, and its client.
extension Simulation {
    func deliver() -> Bool {
        let event = state.withLock { state -> Event? in
            let due = state.events.indices.filter { index in
                let event = state.events[index]
                let limit = event.function == .renderChunk ? 3 : 2
                return event.due <= state.steady
                    && state.running.values.count {
                        $0.invocation.function == event.function && !$0.isDead
                    } < limit
            }
            guard !due.isEmpty else { return nil }
            return state.events.remove(at: due[state.random.below(due.count)])
        }
        guard let event else { return false }
        start(event.function, Array(FunctionHarness.event(event.key).utf8), event: event)
        return true
    }

    func startSweep() -> Bool {
        let isDue = state.withLock { state in
            guard state.steady >= state.nextSweep else { return false }
            state.nextSweep = state.steady + Self.sweepInterval
            return !state.running.values.contains { $0.invocation.function == .sweep }
        }
        if isDue { start(.sweep, Array("{}".utf8)) }
        return isDue
    }

    /// Starts a function's handler as a task of the step executor.
    func start(
        _ function: FunctionName, _ bytes: [UInt8], event: Event? = nil, request: Int? = nil
    ) {
        let invocation = state.withLock { state in
            state.nextID += 1
            let invocation = Invocation(number: state.nextID, function: function)
            state.running[state.nextID] = Running(
                invocation: invocation, event: event, request: request, startedAt: state.steady)
            state.startedStep[state.nextID] = state.stepCount
            state.counts.invocations += 1
            return invocation
        }
        var services = harness.services(GatedBucket(wrapped: memory, world: self))
        services.now = { [self] in wall }
        services.sleep = { [self] in try await sleep($0) }
        services.scratchRoot = "/dev/shm"
        services.window = RequestWindow(unitCountMin: 2 + Int(seed % 4), unitsPerRenderer: 0)
        let context = InvocationContext(
            requestID: "request-\(invocation.number)", functionName: function.rawValue,
            invokedFunctionARN: "arn", traceID: nil,
            deadline: wall + .milliseconds(Self.timeout), logger: Logger(sink: { _ in }))
        let handler = Registry.handler(function, services)
        Task(executorPreference: executor) { [self] in
            await Invocation.$current.withValue(invocation) {
                let answer: [UInt8]?
                do {
                    answer = try await handler(bytes, context)
                } catch {
                    answer = nil
                }
                ended(invocation.number, answer)
            }
        }
    }

    private func ended(_ number: Int, _ answer: [UInt8]?) {
        let running = state.withLock { state in state.running.removeValue(forKey: number) }
        guard let running else { return }
        if let event = running.event, running.isDead || answer == nil {
            deliverAgain(event, isCrash: running.isDead)
        }
        guard let request = running.request else { return }
        clients.withLock { $0[request].answered(running.isDead ? nil : answer) }
    }

    /// Queues the next attempt at an event; after the last, its dead letter goes to the sweep.
    private func deliverAgain(_ event: Event, isCrash: Bool) {
        guard event.attempts < Self.retryDelays.count else {
            count(\.deadLetters)
            return start(.sweep, Self.deadLetter(event, isCrash: isCrash))
        }
        state.withLock { state in
            var next = event
            next.due = state.steady + Self.retryDelays[event.attempts]
            next.attempts += 1
            state.events.append(next)
        }
    }

    private static func deadLetter(_ event: Event, isCrash: Bool) -> [UInt8] {
        let type = isCrash ? "Runtime.ExitError" : "HandlerFailure"
        return Array(
            """
            {"version":"1.0","timestamp":"2026-11-28T00:00:00.000Z","requestContext":{"requestId":"r",
            "functionArn":"arn:aws:lambda:us-east-1:0:function:\(event.function.rawValue):$LATEST",
            "condition":"RetriesExhausted","approximateInvokeCount":3},
            "requestPayload":\(FunctionHarness.event(event.key)),
            "responseContext":{"statusCode":200,"executedVersion":"$LATEST",
            "functionError":"Unhandled"},
            "responsePayload":{"errorType":"\(type)","errorMessage":"killed"}}
            """.utf8)
    }

    // MARK: The client

    /// Starts the next request of the client. One without an answer is sent again.
    func startRequest() -> Bool {
        let next = clients.withLock { clients -> Int? in
            guard let index = clients.firstIndex(where: { $0.state == .unsent }) else { return nil }
            clients[index].state = .sent
            return index
        }
        guard let next else { return false }
        let body = clients.withLock { $0[next].body }
        start(.startExport, FunctionHarness.request("POST", "/", body), request: next)
        return true
    }

    func requestCancel() {
        let jobs = clients.withLock { $0.filter(\.mayBeCancelled).flatMap(\.jobs) }
        guard !jobs.isEmpty else { return }
        let job = jobs[below(jobs.count)]
        count(\.cancels)
        clients.withLock { clients in
            for index in clients.indices where clients[index].jobs.contains(job) {
                clients[index].cancelled.insert(job)
            }
        }
        start(
            .cancelExport, FunctionHarness.request("POST", "/api/export/\(job)/cancel", ""))
    }
}
