import EmulatorDatabase
import FoundationEssentials
import Logging
import Synchronization
import WallClock

/// Moves asynchronous invocations from the database to the pools.
///
/// One pass moves events from the outbox to the queue and starts due invocations of
/// functions with a free slot, in the order of `TurnDecision`. A pass runs on `wake`, at the end
/// of an invocation, and when the next retry is due; the database is not polled.
actor AsynchronousDispatcher {
    private let catalog: FunctionCatalog
    private let pools: [String: FunctionPool]
    private let database: Database
    private let services: PoolServices
    /// Rows assigned to an instance, or about to be, by function.
    private var inFlight: [String: Set<Int>] = [:]
    /// The owners' shares of each function.
    private var shares: [String: FairShare] = [:]
    private var clock = ClockWatch(wall: .now(), steady: .now)
    private var isFirstPass = true
    private var readFault = RepeatedFault()
    private var storeFault = RepeatedFault()
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
    /// Owners with waiting work that a pass considers for a function.
    private static let ownerCountMax = 16
    /// Delay of an object event under `disorderSeed`, and more than rounding.
    private static let delayMin = Duration.seconds(2)

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
                if readFault.succeeded() > 1 {
                    services.logger.info("Asynchronous queue read again")
                }
            } catch {
                let fault = readFault.failed(cause(of: error))
                if fault.isNew {
                    services.logger.error(
                        "Asynchronous queue not read", ["error": .string("\(error)")])
                }
                wake(in: fault.pause)
            }
        } while mustRunAgain && !isStopped
        isRunning = false
    }

    private func pass() async throws {
        guard !isStopped else { return }
        endedDuringPass = []
        let now = UnixTime.now()
        let questions = catalog.functions.map(question)
        let running = inFlight.values.reduce(into: Set<Int>()) { $0.formUnion($1) }
        let (catalog, region, plan) = (catalog, services.configuration.region, plan)
        let bucket = services.configuration.bucket
        let repair = clockRepair(now: now)
        let found = try await database.transaction { connection in
            try repair(connection)
            let hasMore = try AsynchronousQueue.takeOver(
                from: catalog, bucket: bucket, region: region, now: now,
                limit: Self.outboxBatch, delays: plan.delays, makeRequestID: newRequestID,
                running: running, in: connection)
            var due: [QueuedInvocation] = []
            for question in questions where !question.turn.isFull {
                due += try question.candidates(now: now, in: connection)
            }
            let next = try AsynchronousQueue.nextDue(after: now, in: connection)
            return (hasMore: hasMore, due: due, next: next)
        }
        isFirstPass = false
        let waiting = found.due.filter { !endedDuringPass.contains($0.id) }
        for function in catalog.functions {
            dispatch(waiting.filter { $0.function == function.name }, of: function)
        }
        if found.hasMore { mustRunAgain = true }
        if let next = found.next { wake(in: next - now) }
    }

    /// The facts that a pass needs to read a function's candidates.
    private struct Question: Sendable {
        var function: String
        var turn: TurnDecision
        var share: FairShare
        var inFlight: Set<Int>

        /// The due invocations of the owners that are next, one slot's worth of each.
        func candidates(
            now: UnixTime, in connection: Connection
        ) throws -> [QueuedInvocation] {
            var found: [QueuedInvocation] = []
            var ownerCount = 0
            let owners = try AsynchronousQueue.owners(function: function, in: connection)
            for owner in share.inTurn(owners)
            where ownerCount < AsynchronousDispatcher.ownerCountMax {
                let running = share.runningCount(of: owner)
                if turn.admitsGuestsOnly, running > 0 { continue }
                // Rows that run stay in the table, and are among the first.
                let rows = try AsynchronousQueue.due(
                    function: function, owner: owner, now: now,
                    limit: inFlight.count + turn.capacity, in: connection
                ).filter { !inFlight.contains($0.id) }
                if !rows.isEmpty { ownerCount += 1 }
                found += rows
            }
            return found
        }
    }

    private func question(_ function: FunctionDefinition) -> Question {
        let busy = inFlight[function.name, default: []]
        return Question(
            function: function.name,
            turn: TurnDecision(capacity: function.reservedConcurrency, runningCount: busy.count),
            share: shares[function.name, default: FairShare()], inFlight: busy)
    }

    /// The changes of the queue's times that a clock that was set makes necessary.
    private func clockRepair(
        now: UnixTime
    ) -> @Sendable (Connection) throws(DatabaseError) -> Void {
        let jump = clock.jump(wall: now, steady: .now)
        if let jump {
            services.logger.warning(
                "The clock was set", ["seconds": .integer(Int(jump.components.seconds))])
        }
        let delayMax = catalog.functions.map(\.asynchronous.delayMax).max() ?? .zero
        let isFirstPass = isFirstPass
        return { (connection: Connection) throws(DatabaseError) in
            if isFirstPass { try AsynchronousQueue.restartAges(now: now, in: connection) }
            if let jump { try AsynchronousQueue.shift(by: jump, now: now, in: connection) }
            try AsynchronousQueue.bringForward(
                now: now, delayMax: delayMax + Self.delayMin, in: connection)
        }
    }

    /// Starts the invocations of a function that are next.
    private func dispatch(_ rows: [QueuedInvocation], of function: FunctionDefinition) {
        var waiting = rows
        while !waiting.isEmpty {
            let question = question(function)
            let candidates = waiting.map { TurnDecision.Candidate(id: $0.id, place: $0.place) }
            guard let next = question.turn.next(among: candidates, question.share),
                let index = waiting.firstIndex(where: { $0.id == next.id })
            else { return }
            let row = waiting.remove(at: index)
            guard !question.inFlight.contains(row.id) else { continue }
            start(row, isGuest: question.turn.admitsGuestsOnly)
        }
    }

    private func start(_ row: QueuedInvocation, isGuest: Bool) {
        guard let pool = pools[row.function] else { return }
        inFlight[row.function, default: []].insert(row.id)
        let estimate = shares[row.function, default: FairShare()].start(row.place.owner)
        let task = services.tasks.start {
            let start = ContinuousClock.now
            await self.deliver(row, to: pool, isGuest: isGuest)
            await self.ended(row, estimate: estimate, took: ContinuousClock.now - start)
        }
        // The row stays in the queue for a later pass.
        if task == nil {
            release(row)
            shares[row.function]?.end(row.place.owner, estimate: estimate, seconds: 0)
            wake(in: .seconds(1))
        }
    }

    /// Frees the slot of an attempt that is settled, and schedules a pass.
    private func ended(_ row: QueuedInvocation, estimate: Double, took: Duration) async {
        release(row)
        shares[row.function]?.end(
            row.place.owner, estimate: estimate, seconds: took / .seconds(1))
        await run()
    }

    private func deliver(_ row: QueuedInvocation, to pool: FunctionPool, isGuest: Bool) async {
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
        let outcome =
            isGuest
            ? await pool.invokeGuest(invocation)
            : await pool.invokeWhole(invocation, wait: .unbounded)
        switch outcome {
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
            break
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

    /// Stores the outcome of an attempt. Until it is stored its slot stays taken: work that cannot
    /// be recorded, as on a full disk, is not repeated.
    private func settle(
        _ row: QueuedInvocation, _ change: @escaping @Sendable (Connection) throws -> Void
    ) async {
        repeat {
            do {
                try await database.transaction(change)
                let count = storeFault.succeeded()
                if count > 0 {
                    services.logger.info(
                        "Outcomes of asynchronous invocations stored again",
                        ["failures": .integer(count)])
                }
                return
            } catch {
                let fault = storeFault.failed(cause(of: error))
                if fault.isNew {
                    services.logger.error(
                        "Outcome of an asynchronous invocation not stored",
                        ["requestId": .string(row.requestID), "error": .string("\(error)")])
                }
                // At the end of the process the row remains and is delivered again.
                do { try await Task.sleep(for: fault.pause) } catch { return }
            }
        } while !isStopped
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

/// The cause of a database's error, the same for every statement.
private func cause(of error: any Error) -> String {
    (error as? DatabaseError).map { "\($0.code) \($0.detail)" } ?? "\(error)"
}
