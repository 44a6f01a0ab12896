import EmulatorDatabase
import Logging
import WallClock

/// Puts scheduled events into the asynchronous queue when their time comes.
struct Scheduler: Sendable {
    let catalog: FunctionCatalog
    let database: Database
    let services: PoolServices
    /// Called after an event was queued.
    let wake: @Sendable () -> Void

    /// Starts one task for each function with a schedule. A rate begins at
    /// once: after a crash the sweep should not wait for another minute.
    func start() {
        for function in catalog.functions {
            guard let schedule = function.schedule else { continue }
            services.tasks.start { await run(function.name, schedule) }
        }
    }

    private func run(_ function: String, _ schedule: Schedule) async {
        if case .rate = schedule { await queue(function) }
        while !Task.isCancelled {
            let now = UnixTime.now().milliseconds
            guard let next = schedule.next(afterMilliseconds: now) else { return }
            do { try await Task.sleep(for: .milliseconds(next - now)) } catch { return }
            await queue(function)
        }
    }

    /// One that still waits is enough: a slow function is not called twice.
    private func queue(_ function: String) async {
        let now = UnixTime.now().milliseconds
        let requestID = newRequestID()
        let payload = scheduledEventPayload(
            id: requestID, rule: function, timeMilliseconds: now,
            region: services.configuration.region)
        do {
            try await database.transaction { connection in
                if try AsynchronousQueue.hasScheduled(function: function, in: connection) { return }
                try AsynchronousQueue.append(
                    InvocationInput(requestID: requestID, payload: payload, source: .schedule),
                    function: function, nowMilliseconds: now, in: connection)
            }
            wake()
        } catch {
            services.logger.error(
                "Scheduled event not queued",
                ["function": .string(function), "error": .string("\(error)")])
        }
    }
}
