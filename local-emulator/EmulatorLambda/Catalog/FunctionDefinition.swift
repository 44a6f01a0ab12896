package import EmulatorDatabase

/// One function: its handler, its limits and what calls it.
package struct FunctionDefinition: Sendable, Equatable, Decodable {
    /// Name under which it is called.
    package var name: String
    /// `_HANDLER` of its instances.
    package var handler: String
    /// Time limit of one invocation, 1 to 900.
    package var timeoutSeconds: Int
    /// `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`.
    package var memoryMegabytes: Int
    /// Most instances at once.
    package var reservedConcurrency: Int
    /// Present when it has a function URL.
    package var url: FunctionURLConfiguration?
    /// REST routes that lead to it.
    package var routes: [FunctionRoute]
    /// Variables added to its instances' environment.
    package var environment: [String: String]
    /// Object events that it is called with.
    package var objectEvents: [ObjectEventFilter]
    /// `rate(...)` or `cron(...)`; nil is never.
    package var schedule: Schedule?
    /// Retries and the destination of asynchronous invocations.
    package var asynchronous: AsynchronousPolicy
    /// Program and arguments of an instance in place of `bootstrap`: another
    /// runtime can be registered so. A name without a slash is looked for in
    /// the instance's `PATH`.
    package var command: [String]?
    /// `LAMBDA_TASK_ROOT` and the folder its instances start in; nil: the deployment's.
    package var taskRoot: String?
    /// Size of the `/tmp` of an instance, 512 to 10,240.
    package var ephemeralStorageMegabytes: Int

    /// A function with the defaults of the file format.
    package init(
        name: String, handler: String, timeoutSeconds: Int = 30, memoryMegabytes: Int = 1_024,
        reservedConcurrency: Int = 4, url: FunctionURLConfiguration? = nil,
        routes: [FunctionRoute] = [], environment: [String: String] = [:],
        objectEvents: [ObjectEventFilter] = [], schedule: Schedule? = nil,
        asynchronous: AsynchronousPolicy = AsynchronousPolicy(), command: [String]? = nil,
        taskRoot: String? = nil, ephemeralStorageMegabytes: Int = 512
    ) {
        self.name = name
        self.handler = handler
        self.timeoutSeconds = timeoutSeconds
        self.memoryMegabytes = memoryMegabytes
        self.reservedConcurrency = reservedConcurrency
        self.url = url
        self.routes = routes
        self.environment = environment
        self.objectEvents = objectEvents
        self.schedule = schedule
        self.asynchronous = asynchronous
        self.command = command
        self.taskRoot = taskRoot
        self.ephemeralStorageMegabytes = ephemeralStorageMegabytes
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        name = try values.decode(String.self, forKey: .name)
        handler = try values.decodeIfPresent(String.self, forKey: .handler) ?? name
        timeoutSeconds = try values.decodeIfPresent(Int.self, forKey: .timeoutSeconds) ?? 30
        memoryMegabytes = try values.decodeIfPresent(Int.self, forKey: .memoryMegabytes) ?? 1_024
        reservedConcurrency =
            try values.decodeIfPresent(Int.self, forKey: .reservedConcurrency) ?? 4
        url = try values.decodeIfPresent(FunctionURLConfiguration.self, forKey: .url)
        routes = try values.decodeIfPresent([FunctionRoute].self, forKey: .routes) ?? []
        environment =
            try values.decodeIfPresent([String: String].self, forKey: .environment) ?? [:]
        objectEvents =
            try values.decodeIfPresent([ObjectEventFilter].self, forKey: .objectEvents) ?? []
        asynchronous =
            try values.decodeIfPresent(AsynchronousPolicy.self, forKey: .asynchronous)
            ?? AsynchronousPolicy()
        command = try values.decodeIfPresent([String].self, forKey: .command)
        taskRoot = try values.decodeIfPresent(String.self, forKey: .taskRoot)
        ephemeralStorageMegabytes =
            try values.decodeIfPresent(Int.self, forKey: .ephemeralStorageMegabytes) ?? 512
        if let text = try values.decodeIfPresent(String.self, forKey: .schedule) {
            guard let schedule = Schedule(text) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .schedule, in: values,
                    debugDescription: "\"\(text)\" is neither rate(...) nor cron(...)")
            }
            self.schedule = schedule
        }
    }

    private enum Key: String, CodingKey {
        case name, handler, timeoutSeconds, memoryMegabytes, reservedConcurrency, url, routes
        case environment, objectEvents, schedule, command, taskRoot, ephemeralStorageMegabytes
        case asynchronous = "async"
    }
}

/// One REST route: a method and a path template such as `/api/export/{jobId}`.
package struct FunctionRoute: Sendable, Equatable, Decodable {
    /// In capitals.
    package var method: String
    /// Begins with a slash; `{name}` matches one segment.
    package var path: String

    /// A route.
    package init(method: String, path: String) {
        self.method = method
        self.path = path
    }
}
