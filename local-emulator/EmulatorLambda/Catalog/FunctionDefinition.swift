package import EmulatorDatabase

/// One function: its handler, its limits and its triggers.
package struct FunctionDefinition: Sendable, Equatable, Decodable {
    /// The function's name.
    package var name: String
    /// The value of `_HANDLER`.
    package var handler: String
    /// Timeout of one invocation in seconds, 1 to 900.
    package var timeoutSeconds: Int
    /// Memory limit in MB; the value of `AWS_LAMBDA_FUNCTION_MEMORY_SIZE`.
    package var memoryMegabytes: Int
    /// Maximum number of instances.
    package var reservedConcurrency: Int
    /// The settings of its function URL; nil if it has none.
    package var url: FunctionURLConfiguration?
    /// REST routes to the function.
    package var routes: [FunctionRoute]
    /// Additional environment variables of its instances.
    package var environment: [String: String]
    /// Filters of the object events that invoke it.
    package var objectEvents: [ObjectEventFilter]
    /// Names of objects that end the work of their folder: events of the folder that wait are then
    /// removed.
    package var withdrawnBy: [String] = []
    /// `rate(...)` or `cron(...)`; nil for no schedule.
    package var schedule: Schedule?
    /// Retries and failure destination of asynchronous invocations.
    package var asynchronous: AsynchronousPolicy
    /// Program and arguments of an instance, for another runtime; nil for
    /// `bootstrap`. A name without a slash is looked up in the instance's `PATH`.
    package var command: [String]?
    /// `LAMBDA_TASK_ROOT` and working directory of its instances; nil for the deployment's.
    package var taskRoot: String?
    /// Size of an instance's `/tmp` in MB, 512 to 10,240.
    package var ephemeralStorageMegabytes: Int

    /// Creates a function with the file format's defaults.
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
        withdrawnBy = try values.decodeIfPresent([String].self, forKey: .withdrawnBy) ?? []
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
        case environment, objectEvents, withdrawnBy, schedule, command, taskRoot,
            ephemeralStorageMegabytes
        case asynchronous = "async"
    }
}

/// One REST route: a method and a path template such as `/api/export/{jobId}`.
package struct FunctionRoute: Sendable, Equatable, Decodable {
    /// The method in upper case.
    package var method: String
    /// The path template, which starts with a slash; `{name}` matches one segment.
    package var path: String
    /// The treatment of the body; nil passes it to the function.
    package var body: RouteBody?
    /// True if the route leads to an upload: it is refused while the volume is too full.
    package var writesUploads: Bool?

    /// Creates a route.
    package init(method: String, path: String, body: RouteBody? = nil) {
        self.method = method
        self.path = path
        self.body = body
    }
}

/// A treatment of request bodies before the function.
package enum RouteBody: String, Sendable, Decodable {
    /// The files of a `multipart/form-data` body are stored while they arrive.
    case multipartStream = "multipart-stream"
}
