import EmulatorDatabase
import Logging
import WallClock

/// Queues scheduled events when they are due.
struct Scheduler: Sendable {
    let catalog: FunctionCatalog
    let database: Database
    let services: PoolServices
    /// Called after an event is queued.
    let wake: @Sendable () -> Void

    /// Longest sleep until the clock is read again.
    private static let pauseMax = Duration.seconds(60)

    /// Starts one task for each function with a schedule. A rate fires
    /// immediately, so the sweep after a crash is not delayed.
    func start() {
        for function in catalog.functions {
            guard let schedule = function.schedule else { continue }
            services.tasks.start { await run(function.name, schedule) }
        }
    }

    private func run(_ function: String, _ schedule: Schedule) async {
        if case .rate = schedule { await queue(function) }
        var checked = UnixTime.now()
        while !Task.isCancelled {
            let now = UnixTime.now()
            // The clock may be set back, or forward while this task sleeps.
            checked = min(checked, now)
            guard let next = schedule.next(after: checked) else { return }
            if next <= now {
                await queue(function)
                checked = now
            } else {
                do { try await Task.sleep(for: min(next - now, Self.pauseMax)) } catch { return }
            }
        }
    }

    /// Queues an event unless an earlier one is waiting or running.
    private func queue(_ function: String) async {
        let now = UnixTime.now()
        let requestID = newRequestID()
        let payload = scheduledEventPayload(
            id: requestID, rule: function, time: now,
            region: services.configuration.region)
        do {
            try await database.transaction { connection in
                if try AsynchronousQueue.hasScheduled(function: function, in: connection) { return }
                try AsynchronousQueue.append(
                    InvocationInput(requestID: requestID, payload: payload, source: .schedule),
                    function: function, now: now, in: connection)
            }
            wake()
        } catch {
            services.logger.error(
                "Scheduled event not queued",
                ["function": .string(function), "error": .string("\(error)")])
        }
    }
}
