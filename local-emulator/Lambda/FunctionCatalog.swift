import FoundationEssentials

/// The functions of a deployment, as `infra/functions.json` lists them.
package struct FunctionCatalog: Sendable, Equatable {
    /// In the order of the file; names are unique.
    package var functions: [FunctionDefinition]

    /// - Throws: one error with every fault that was found.
    package init(functions: [FunctionDefinition]) throws(FunctionCatalogError) {
        let faults = catalogFaults(functions)
        guard faults.isEmpty else { throw FunctionCatalogError(faults: faults) }
        self.functions = functions
    }

    /// Reads the file's bytes.
    /// - Throws: one error with every fault that was found.
    package init(json: [UInt8]) throws(FunctionCatalogError) {
        let document: Document
        do {
            document = try JSONDecoder().decode(Document.self, from: Data(json))
        } catch let error as DecodingError {
            throw FunctionCatalogError(faults: [sentence(for: error)])
        } catch {
            throw FunctionCatalogError(faults: ["the document cannot be read: \(error)"])
        }
        guard document.version == 1 else {
            throw FunctionCatalogError(
                faults: ["version: \(document.version) is not 1, the one that is known"])
        }
        try self.init(functions: document.functions)
    }

    /// The function of that name.
    package func function(named name: String) -> FunctionDefinition? {
        functions.first { $0.name == name }
    }

    private struct Document: Decodable {
        var version: Int
        var functions: [FunctionDefinition]
    }
}

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
    /// What happens when an asynchronous invocation fails.
    package var asynchronous: AsynchronousPolicy
    /// Program and arguments of an instance in place of `bootstrap`: another
    /// runtime can be registered so.
    package var command: [String]?

    /// A function with the defaults of the file format.
    package init(
        name: String, handler: String, timeoutSeconds: Int = 30, memoryMegabytes: Int = 1_024,
        reservedConcurrency: Int = 4, url: FunctionURLConfiguration? = nil,
        routes: [FunctionRoute] = [], environment: [String: String] = [:],
        objectEvents: [ObjectEventFilter] = [], schedule: Schedule? = nil,
        asynchronous: AsynchronousPolicy = AsynchronousPolicy(), command: [String]? = nil
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
        case environment, objectEvents, schedule, command
        case asynchronous = "async"
    }
}

/// A function URL's settings.
package struct FunctionURLConfiguration: Sendable, Equatable, Decodable {
    /// `NONE`; the emulator knows no other.
    package var authType: String

    /// A URL that anybody may call.
    package init(authType: String = "NONE") { self.authType = authType }
}

/// One REST route: a method and a path template such as `/api/export/{jobId}`.
package struct FunctionRoute: Sendable, Equatable, Decodable {
    /// In capitals.
    package var method: String
    /// Begins with a slash; `{name}` stands for one segment.
    package var path: String

    /// A route.
    package init(method: String, path: String) {
        self.method = method
        self.path = path
    }
}

/// Which object events a function is called with (S3 notification filter).
package struct ObjectEventFilter: Sendable, Equatable, Decodable {
    /// For instance `ObjectCreated:*` or `ObjectCreated:Put`, `s3:` optional.
    package var events: [String]
    /// What the key begins with.
    package var prefix: String
    /// What the key ends with.
    package var suffix: String

    /// A filter.
    package init(events: [String] = ["ObjectCreated:*"], prefix: String = "", suffix: String = "") {
        self.events = events
        self.prefix = prefix
        self.suffix = suffix
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        events = try values.decodeIfPresent([String].self, forKey: .events) ?? ["ObjectCreated:*"]
        prefix = try values.decodeIfPresent(String.self, forKey: .prefix) ?? ""
        suffix = try values.decodeIfPresent(String.self, forKey: .suffix) ?? ""
    }

    private enum Key: String, CodingKey { case events, prefix, suffix }

    /// Whether an event of that name on that key (not encoded) passes.
    package func matches(eventName: String, key: String) -> Bool {
        key.utf8.count >= prefix.utf8.count + suffix.utf8.count
            && key.utf8.starts(with: prefix.utf8)
            && key.utf8.reversed().starts(with: suffix.utf8.reversed())
            && events.contains { eventPattern($0, covers: eventName) }
    }

    /// Whether some event could pass both; S3 refuses such a pair.
    func overlaps(_ other: ObjectEventFilter) -> Bool {
        let prefixes = prefix.hasPrefix(other.prefix) || other.prefix.hasPrefix(prefix)
        let suffixes = suffix.hasSuffix(other.suffix) || other.suffix.hasSuffix(suffix)
        let names = events.contains { mine in
            other.events.contains {
                eventPattern(mine, covers: $0) || eventPattern($0, covers: mine)
            }
        }
        return prefixes && suffixes && names
    }
}

/// What Lambda does with an asynchronous invocation that failed.
package struct AsynchronousPolicy: Sendable, Equatable, Decodable {
    /// Attempts after the first; Lambda knows 0 to 2, the emulator any number.
    package var maximumRetryAttempts: Int
    /// Pause before each retry; the last one is used again when there are more.
    package var retryDelaysSeconds: [Double]
    /// An event older than this is given up.
    package var maximumEventAgeSeconds: Int

    /// Lambda's own policy, with short delays.
    package init(
        maximumRetryAttempts: Int = 2, retryDelaysSeconds: [Double] = [1, 2],
        maximumEventAgeSeconds: Int = 21_600
    ) {
        self.maximumRetryAttempts = maximumRetryAttempts
        self.retryDelaysSeconds = retryDelaysSeconds
        self.maximumEventAgeSeconds = maximumEventAgeSeconds
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let usual = AsynchronousPolicy()
        maximumRetryAttempts =
            try values.decodeIfPresent(Int.self, forKey: .maximumRetryAttempts)
            ?? usual.maximumRetryAttempts
        retryDelaysSeconds =
            try values.decodeIfPresent([Double].self, forKey: .retryDelaysSeconds)
            ?? usual.retryDelaysSeconds
        maximumEventAgeSeconds =
            try values.decodeIfPresent(Int.self, forKey: .maximumEventAgeSeconds)
            ?? usual.maximumEventAgeSeconds
    }

    private enum Key: String, CodingKey {
        case maximumRetryAttempts, retryDelaysSeconds, maximumEventAgeSeconds
    }

    /// Milliseconds to wait after attempt `attempt` (the first is 1) failed;
    /// nil when there is no other attempt.
    package func delayMilliseconds(afterAttempt attempt: Int) -> Int? {
        guard attempt <= maximumRetryAttempts else { return nil }
        let index = min(attempt, retryDelaysSeconds.count) - 1
        return index < 0 ? 0 : Int(retryDelaysSeconds[index] * 1_000)
    }
}
