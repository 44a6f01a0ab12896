import ChildProcess
import EmulatorDatabase
import EmulatorHTTP
import JSON
import Logging
import WallClock

/// The JSON API of the console page: `/console/api/...`.
struct ConsoleAPI: Sendable {
    static let root = "/console/api/"

    let catalog: FunctionCatalog
    let pools: [String: FunctionPool]
    let services: PoolServices
    let database: Database
    let info: [String: String]
    let wake: @Sendable () -> Void

    func respond(_ head: RequestHead) async -> Response {
        let words = head.path.dropFirst(Self.root.count).split(separator: "/").map(String.init)
        let query = QueryString(head.query)
        let limit = min(max(query["limit"].flatMap(Int.init) ?? 200, 1), 2_000)
        do {
            switch (head.method, words.first, words.count) {
            case ("GET", "info", 1): return jsonResponse(infoDocument)
            case ("GET", "functions", 1): return jsonResponse(await functions())
            case ("GET", "invocations", 1):
                return jsonResponse(
                    invocations(query["function"], query["key"], limit))
            case ("GET", "logs", 1): return jsonResponse(logs(query, limit))
            case ("GET", "queue", 1): return jsonResponse(try await queue(limit))
            case ("POST", "dead-letters", 3) where words[2] == "replay":
                return try await replay(Int(words[1]) ?? -1)
            default: return problem(404, "Not found")
            }
        } catch {
            services.logger.error("Console request failed", ["error": .string("\(error)")])
            return problem(500, "Internal Server Error")
        }
    }

    private var infoDocument: JSONOutput {
        .object(info.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })
    }

    private func functions() async -> JSONOutput {
        var all: [JSONOutput] = []
        for function in catalog.functions {
            guard let pool = pools[function.name] else { continue }
            let snapshot = await pool.snapshot()
            all.append(
                .object([
                    ("name", .string(function.name)),
                    ("timeoutSeconds", .integer(function.timeoutSeconds)),
                    ("memoryMegabytes", .integer(function.memoryMegabytes)),
                    ("reservedConcurrency", .integer(function.reservedConcurrency)),
                    ("waiting", .integer(snapshot.waiting)),
                    ("instances", .array(snapshot.instances.map(document))),
                ]))
        }
        return .object([("functions", .array(all))])
    }

    private func document(of instance: InstanceSnapshot) -> JSONOutput {
        .compact([
            ("number", .integer(instance.number)),
            ("state", .string(instance.state)),
            ("pid", instance.processID.map { .integer($0) }),
            ("requestId", .optional(instance.requestID)),
            ("served", .integer(instance.servedCount)),
            ("initMs", instance.initMilliseconds.map { .number($0) }),
        ])
    }

    private func invocations(_ function: String?, _ key: String?, _ limit: Int) -> JSONOutput {
        let records = services.history.records(
            function: function, keyContains: key, limit: limit)
        return .object([
            (
                "invocations",
                .array(
                    records.map { record in
                        .compact([
                            ("sequence", .integer(record.sequence)),
                            ("function", .string(record.function)),
                            ("requestId", .string(record.requestID)),
                            ("source", .string(record.source.rawValue)),
                            ("objectKey", .optional(record.objectKey)),
                            ("instance", .integer(record.instance)),
                            ("startMs", .integer(record.startedAt.milliseconds)),
                            ("waitedMs", .number(record.waitedMilliseconds)),
                            ("durationMs", record.durationMilliseconds.map { .number($0) }),
                            ("outcome", .string(record.outcome)),
                            ("coldStart", .boolean(record.coldStart)),
                            ("initMs", record.initMilliseconds.map { .number($0) }),
                            ("peakMemoryBytes", record.peakMemoryBytes.map { .integer($0) }),
                        ])
                    })
            ),
            ("nowMs", .integer(UnixTime.now().milliseconds)),
        ])
    }

    private func logs(_ query: QueryString, _ limit: Int) -> JSONOutput {
        let after = query["after"].flatMap(Int.init) ?? -1
        let lines = services.logs.lines(
            after: after, function: query["function"], requestID: query["request"], limit: limit)
        return .object([
            (
                "lines",
                .array(
                    lines.map { line in
                        .object([
                            ("sequence", .integer(line.sequence)),
                            (
                                "time",
                                .string(line.time.rfc3339)
                            ),
                            ("function", .string(line.function)),
                            ("requestId", .string(line.requestID)),
                            ("text", .string(line.text)),
                        ])
                    })
            ),
            ("next", .integer(lines.last?.sequence ?? after)),
        ])
    }

    private func queue(_ limit: Int) async throws -> JSONOutput {
        let (depth, letters) = try await database.read { connection in
            (
                try AsynchronousQueue.depth(in: connection),
                try AsynchronousQueue.deadLetters(limit: limit, in: connection)
            )
        }
        return .object([
            ("total", .integer(depth.values.reduce(0, +))),
            (
                "depth",
                .object(depth.sorted { $0.key < $1.key }.map { ($0.key, .integer($0.value)) })
            ),
            ("deadLetters", .array(letters.map(document))),
        ])
    }

    private func document(of letter: DeadLetter) -> JSONOutput {
        .compact([
            ("id", .integer(letter.id)),
            ("function", .string(letter.function)),
            ("requestId", .string(letter.requestID)),
            ("objectKey", .optional(letter.objectKey)),
            ("created", .string(letter.createdAt.rfc3339)),
            ("died", .string(letter.diedAt.rfc3339)),
            ("attempts", .integer(letter.attempts)),
            ("condition", .string(letter.condition)),
            ("response", .string(String(decoding: letter.response, as: UTF8.self))),
        ])
    }

    private func replay(_ id: Int) async throws -> Response {
        let now = UnixTime.now()
        let found = try await database.transaction { connection in
            try AsynchronousQueue.replay(deadLetter: id, now: now, in: connection)
        }
        guard found else { return problem(404, "Not found") }
        wake()
        return Response(status: 202)
    }
}

/// An instance in the console's list.
struct InstanceSnapshot: Sendable {
    var number: Int
    var state: String
    var processID: Int?
    var requestID: String?
    var servedCount: Int
    var initMilliseconds: Double?
}

extension FunctionPool {
    /// Returns the instances by number, and the number of waiting calls.
    func snapshot() -> (instances: [InstanceSnapshot], waiting: Int) {
        let all = instances.values.sorted { $0.number < $1.number }.map { instance in
            InstanceSnapshot(
                number: instance.number, state: instance.state.name,
                processID: instance.child?.processID,
                requestID: instance.current?.invocation.requestID,
                servedCount: instance.servedCount, initMilliseconds: instance.initMilliseconds)
        }
        return (all, waitingCount)
    }
}
