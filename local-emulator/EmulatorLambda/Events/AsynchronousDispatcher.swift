import EmulatorDatabase
import FoundationEssentials
import Logging
import Synchronization
import WallClock

/// Moves asynchronous invocations from the database to the pools.
///
/// One pass moves events from the outbox to the queue and hands due invocations
/// to functions with a free slot. A pass runs on `wake`, at the end of an
/// invocation, and when the next retry is due; the database is not polled.
actor AsynchronousDispatcher {
    private let catalog: FunctionCatalog
    private let pools: [String: FunctionPool]
    private let database: Database
    private let services: PoolServices
    /// Rows assigned to an instance, or about to be, by function.
    private var inFlight: [String: Set<Int>] = [:]
    /// Rows whose attempt ended while a pass was reading, so the pass may hold
    /// stale copies of them.
    private var endedDuringPass: Set<Int> = []
    private var isRunning = false
    private var mustRunAgain = false
    private var isStopped = false
    private var wakeTimer: Int?
    private let plan: DeliveryPlan
    /// True while a `wake` has not started its pass; further wakes join that pass.
    private let isWakePending = Atomic(false)

    private static let outboxBatch = 200

    init(
        catalog: FunctionCatalog, pools: [String: FunctionPool], database: Database,
        services: PoolServices
    ) {
        self.catalog = catalog
        self.pools = pools
        self.database = database
        self.services = services
        plan = DeliveryPlan(seed: services.configuration.disorderSeed)
    }

    /// Schedules a pass and returns at once.
    nonisolated func wake() {
        guard !isWakePending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        let task = services.tasks.start { [self] in
            isWakePending.store(false, ordering: .releasing)
            await run()
        }
        if task == nil { isWakePending.store(false, ordering: .releasing) }
    }

    /// Prevents new invocations.
    func stop() { isStopped = true }

    /// Runs a pass, or schedules another after the current one.
    func run() async {
        if isRunning {
            mustRunAgain = true
            return
        }
        isRunning = true
        repeat {
            mustRunAgain = false
            do {
                try await pass()
            } catch {
                services.logger.error(
                    "Asynchronous queue not read", ["error": .string("\(error)")])
                wake(in: .seconds(1))
            }
        } while mustRunAgain && !isStopped
        isRunning = false
    }

    private func pass() async throws {
        guard !isStopped else { return }
        endedDuringPass = []
        let now = UnixTime.now()
        let limits = catalog.functions.map { function in
            (name: function.name, count: function.reservedConcurrency)
        }
        let (catalog, region, plan) = (catalog, services.configuration.region, plan)
        let bucket = services.configuration.bucket
        let found = try await database.transaction { connection in
            let hasMore = try AsynchronousQueue.takeOver(
                from: catalog, bucket: bucket, region: region, now: now,
                limit: Self.outboxBatch, delays: plan.delays, makeRequestID: newRequestID,
                in: connection)
            var due: [QueuedInvocation] = []
            for limit in limits {
                // The rows in flight come first, so twice the limit leaves room
                // for as many new ones.
                due += try AsynchronousQueue.due(
                    function: limit.name, now: now, limit: 2 * limit.count,
                    in: connection)
            }
            let next = try AsynchronousQueue.nextDue(after: now, in: connection)
            return (hasMore: hasMore, due: due, next: next)
        }
        for row in found.due where !endedDuringPass.contains(row.id) { dispatch(row) }
        if found.hasMore { mustRunAgain = true }
        if let next = found.next { wake(in: next - now) }
    }

    private func dispatch(_ row: QueuedInvocation) {
        guard let pool = pools[row.function] else { return }
        let busy = inFlight[row.function, default: []]
        guard busy.count < pool.function.reservedConcurrency, !busy.contains(row.id) else { return }
        inFlight[row.function, default: []].insert(row.id)
        let task = services.tasks.start { await self.deliver(row, to: pool) }
        // The row stays in the queue for a later pass.
        if task == nil {
            release(row)
            wake(in: .seconds(1))
        }
    }

    private func deliver(_ row: QueuedInvocation, to pool: FunctionPool) async {
        let age = UnixTime.now() - row.createdAt
        let policy = pool.function.asynchronous
        if age > .seconds(policy.maximumEventAgeSeconds) {
            await moveToDeadLetters(row, "EventAgeExceeded", response: nil, policy)
            return
        }
        let invocation = InvocationInput(
            requestID: row.requestID, payload: row.payload,
            source: InvocationSource(rawValue: row.source) ?? .invoke, objectKey: row.objectKey,
            eventTime: row.source == "event" && row.attempts == 0 ? row.createdAt : nil)
        switch await pool.invokeWhole(invocation, wait: .unbounded) {
        case .succeeded, .streaming:
            await settle(row, { try AsynchronousQueue.remove(id: row.id, in: $0) })
        case .failed(let failure):
            let attempts = row.attempts + 1
            guard let delay = policy.delay(afterAttempt: attempts) else {
                var last = row
                last.attempts = attempts
                await moveToDeadLetters(last, "RetriesExhausted", response: failure.payload, policy)
                return
            }
            services.metrics.update(row.function) { $0.retries += 1 }
            let due = UnixTime.now() + delay
            await settle(row) {
                try AsynchronousQueue.postpone(
                    id: row.id, attempts: attempts, dueAt: due, in: $0)
            }
        case .throttled:
            // This happens only as the process ends: the row stays unchanged.
            release(row)
        }
    }

    /// Gives up an invocation: it becomes a dead letter, and the function's
    /// destination receives a record in the same transaction.
    private func moveToDeadLetters(
        _ row: QueuedInvocation, _ condition: String, response: [UInt8]?,
        _ policy: AsynchronousPolicy
    ) async {
        services.metrics.update(row.function) { $0.deadLetters += 1 }
        let now = UnixTime.now()
        let record = DeadLetterRecord(
            invocation: row, functionARN: services.configuration.arn(ofFunction: row.function),
            condition: condition, response: response, now: now)
        await settle(row) { connection in
            try AsynchronousQueue.moveToDeadLetters(
                id: row.id, attempts: row.attempts, condition: condition,
                response: response ?? [], now: now, in: connection)
            guard let destination = policy.onFailure else { return }
            try AsynchronousQueue.append(
                InvocationInput(
                    requestID: newRequestID(), payload: record.bytes, source: .destination),
                function: functionName(in: destination), now: now, in: connection)
        }
    }

    /// Stores the outcome of an attempt, frees its slot and schedules a pass.
    private func settle(
        _ row: QueuedInvocation, _ change: @escaping @Sendable (Connection) throws -> Void
    ) async {
        do {
            try await database.transaction(change)
        } catch {
            // The row remains and is delivered again: at least once.
            services.logger.error(
                "Outcome of an asynchronous invocation not stored",
                ["requestId": .string(row.requestID), "error": .string("\(error)")])
        }
        release(row)
        await run()
    }

    private func release(_ row: QueuedInvocation) {
        inFlight[row.function]?.remove(row.id)
        endedDuringPass.insert(row.id)
    }

    private func wake(in delay: Duration) {
        if let wakeTimer { services.tasks.cancel(wakeTimer) }
        wakeTimer = services.tasks.start { [self] in
            try? await Task.sleep(for: max(.milliseconds(1), delay))
            if !Task.isCancelled { await run() }
        }
    }
}

/// Returns a new request ID.
@Sendable func newRequestID() -> String { UUID().uuidString.lowercased() }
