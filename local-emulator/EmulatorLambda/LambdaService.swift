package import EmulatorDatabase
package import EmulatorHTTP
package import Logging
import WallClock

/// The Lambda half of the emulator: functions as processes, their triggers, and
/// the console. It serves the front port.
package final class LambdaService: Sendable {
    private let configuration: LambdaConfiguration
    private let catalog: FunctionCatalog
    let database: Database
    let services: PoolServices
    let pools: [String: FunctionPool]
    private let dispatcher: AsynchronousDispatcher
    /// Interval between memory checks of working instances.
    private static let memoryInterval = Duration.milliseconds(200)
    /// The handler of the front port.
    package let front: any HTTPHandler

    /// - Parameters:
    ///   - info: Data for the console: addresses, bucket, version.
    ///   - uploads: The store of the files of forms; nil passes forms to the functions.
    ///   - storeHealth: State of the store by part, for /healthz: `ok` or one word.
    ///   - traffic: Byte and request counts of the servers, for /metrics.
    /// - Throws: an error if the folder of recordings cannot be created.
    package init(
        configuration: LambdaConfiguration, catalog: FunctionCatalog, database: Database,
        logger: Logger, info: [String: String] = [:],
        uploads: (any UploadSink)? = nil,
        storeHealth: @escaping @Sendable () async -> [(name: String, state: String)] = { [] },
        traffic: @escaping @Sendable () -> [(name: String, value: Int)] = { [] }
    ) throws {
        self.configuration = configuration
        self.catalog = catalog
        self.database = database
        let recorder = try configuration.recordFolder.map {
            try InvocationRecorder(folder: $0, logger: logger)
        }
        let services = PoolServices(
            configuration: configuration, logs: LogRing(logger: logger),
            history: InvocationHistory(), metrics: LambdaMetrics(), tasks: BackgroundTasks(),
            recorder: recorder, logger: logger)
        let pools = Dictionary(
            uniqueKeysWithValues: catalog.functions.map {
                ($0.name, FunctionPool(function: $0, services: services))
            })
        let dispatcher = AsynchronousDispatcher(
            catalog: catalog, pools: pools, database: database, services: services)
        let enqueue: @Sendable (InvocationInput, String) async throws -> Void = {
            invocation, function in
            let now = UnixTime.now()
            try await database.transaction { connection in
                try AsynchronousQueue.append(
                    invocation, function: function, now: now, in: connection)
            }
            dispatcher.wake()
        }
        let caller = FunctionURLCaller(
            configuration: configuration, pools: pools,
            signature: RequestSignature(credentials: configuration.credentials))
        front = FrontHandler(
            configuration: configuration, catalog: catalog, pools: pools, services: services,
            routes: RouteTable(catalog),
            cors: CORSPolicy(
                allowedOrigins: configuration.allowedOrigins,
                maxAge: configuration.corsTimeMax),
            caller: caller, forms: StreamedForms(caller: caller, sink: uploads, logger: logger),
            invokeAPI: InvokeAPI(
                catalog: catalog, pools: pools, services: services, enqueue: enqueue),
            consoleAPI: ConsoleAPI(
                catalog: catalog, pools: pools, services: services, database: database,
                info: info, wake: { dispatcher.wake() }),
            consoleFiles: ConsoleFiles(folder: configuration.consoleFolder), database: database,
            storeHealth: storeHealth, traffic: traffic)
        self.services = services
        self.pools = pools
        self.dispatcher = dispatcher
    }

    /// Creates missing tables and starts the queue and the schedules. Invocations
    /// that were running when the last process died are delivered again.
    package func start() async throws {
        try await database.transaction { connection in
            try ObjectEventOutbox.create(in: connection)
            try AsynchronousQueue.create(in: connection)
        }
        let pools = Array(pools.values)
        services.tasks.start {
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                for pool in pools { await pool.tick() }
            }
        }
        startWatches(pools)
        dispatcher.wake()
        Scheduler(
            catalog: catalog, database: database, services: services,
            wake: { [dispatcher] in dispatcher.wake() }
        ).start()
    }

    private func startWatches(_ pools: [FunctionPool]) {
        services.tasks.start { [services] in
            await ProgramWatch(
                functions: pools.map(\.function), configuration: services.configuration
            ).run(pools)
        }
        services.tasks.start {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.memoryInterval)
                var working: [FunctionPool] = []
                for pool in pools where await pool.isAtWork { working.append(pool) }
                guard !working.isEmpty else { continue }
                let table = ProcessTable()
                for pool in working { await pool.measureMemory(table) }
            }
        }
    }

    /// Schedules the delivery of object events that the store has committed.
    package func wake() { dispatcher.wake() }

    /// Repeats work at an interval until `stop`; an error is logged and does not end it.
    package func addUpkeep(
        every interval: Duration, _ work: @escaping @Sendable () async throws -> Void
    ) {
        services.tasks.start { [services] in
            while !Task.isCancelled {
                do { try await Task.sleep(for: interval) } catch { return }
                do {
                    try await work()
                } catch {
                    services.logger.warning("Upkeep failed", ["error": .string("\(error)")])
                }
            }
        }
    }

    /// Refuses new work, lets running invocations finish within the grace period,
    /// then ends every process. Queued work stays in the database.
    package func stop(grace: Duration) async {
        await dispatcher.stop()
        let deadline = ContinuousClock.now + grace
        await withTaskGroup(of: Void.self) { group in
            for pool in pools.values {
                group.addTask { await pool.stop(by: deadline) }
            }
        }
        await services.tasks.finish()
        await services.recorder?.finish()
    }
}
