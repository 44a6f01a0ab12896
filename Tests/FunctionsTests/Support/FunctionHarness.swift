import FoundationEssentials
import Jobs
import JSON
import LambdaRuntime
import Logging
import MediaTime
import Notify
import ObjectStore
import Synchronization
import Testing
import TestSupport
import WallClock

@testable import Functions

/// Runs the functions on a bucket in memory: sends them HTTP requests and store events.
struct FunctionHarness: Sendable {
    let memory: InMemoryBucket
    let renderer: FakeRenderer
    private let counter = Counter()
    private let used = UsedPermissions()
    private let tokens: [String: OwnerID]
    private let concurrency: Int
    private let password: String?
    /// The functions' clock; the store's is not moved.
    let clock = Clock()

    /// A clock that tests move.
    final class Clock: Sendable {
        private let time = Mutex<UnixTime>(1_700_000_000_000)
        var now: UnixTime { time.withLock { $0 } }
        func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }
    }
    /// The receiver of webhooks and messages.
    let receiver = FakeReceiver()
    /// Largest upload.
    var uploadBytesMax = UploadLimits.bytesDefault
    /// Ages at which exports and uploads are removed.
    var retention = RetentionPolicy()
    /// Largest size of the chunk cache; nil for no limit.
    var cacheBytesMax: Int?
    /// Limit of an owner's exports.
    var admission = ExportAdmission()
    /// The host of imported files.
    var host: FakeHost?

    init(
        renderer: FakeRenderer = FakeRenderer(), tokens: [String: OwnerID] = [:],
        memory: InMemoryBucket = InMemoryBucket(now: { 1_700_000_000_000 }), concurrency: Int = 2,
        password: String? = nil
    ) {
        self.password = password
        self.renderer = renderer
        self.tokens = tokens
        self.memory = memory
        self.concurrency = concurrency
    }

    /// The same store with another renderer.
    func with(_ renderer: FakeRenderer) -> FunctionHarness {
        FunctionHarness(
            renderer: renderer, tokens: tokens, memory: memory, concurrency: concurrency)
    }

    final class Counter: Sendable {
        private let value = Mutex(0)
        func next() -> Int {
            value.withLock {
                $0 += 1; return $0
            }
        }
    }

    func services(_ bucket: (any Bucket)? = nil) -> Services {
        let sessions = password.map {
            PasswordSessions(password: $0, bucket: bucket ?? memory, now: { [clock] in clock.now })
        }
        var services = Services(
            bucket: bucket ?? memory, renderer: renderer,
            authorizer: sessions.map { Authorizer(verifiers: [$0]) } ?? Authorizer(owners: tokens),
            now: { [clock] in clock.now },
            sleep: { _ in try await Task.sleep(for: .seconds(3_600)) },
            randomText: { [counter] length in
                let digits = String(counter.next())
                return String(repeating: "a", count: length - digits.count) + digits
            },
            scratchRoot: "/tmp", concurrency: concurrency, renderTimeMax: .seconds(900),
            passwordSessions: sessions, batchLimits: BatchLimits(fileBytesMax: 1_000),
            uploadBytesMax: uploadBytesMax,
            deliveries: DeliveryServices(
                client: receiver, schedule: RetrySchedule(scale: 0.01),
                mailSender: MailSender("Spool <spool@example.org>"),
                template: { language, event in
                    MailTemplate(text: "Subject: {{jobId}}\n\n\(language) \(event)", html: "<p>")
                }))
        services.retention = retention
        services.cacheBytesMax = cacheBytesMax
        services.admission = admission
        if let host {
            services.downloads = host
            // Waiting between the attempts at a request.
            services.sleep = { [clock] in clock.advance(by: $0) }
        }
        return services
    }

    /// Permissions that the functions used, as `function action pattern`.
    var usedPermissions: Set<String> { used.value.withLock { $0 } }

    /// Counts a permission that another harness used.
    func use(_ permission: String) { used.value.withLock { _ = $0.insert(permission) } }

    /// The bucket as the function's deployed role sees it.
    func allowed(_ name: FunctionName, _ bucket: (any Bucket)?) -> any Bucket {
        Roles.deployed.bucket(bucket ?? memory, of: name) { [used] action, pattern in
            used.value.withLock { _ = $0.insert("\(name.rawValue) \(action) \(pattern)") }
        }
    }

    static let context = InvocationContext(
        requestID: "request-1", functionName: "test", invokedFunctionARN: "arn", traceID: nil,
        deadline: 1_700_000_900_000, logger: Logger(sink: { _ in }))

    /// Calls a function's URL.
    func call(
        _ name: FunctionName, _ method: String, _ path: String, _ body: String = "",
        query: [String: String] = [:], headers: [String: String] = [:], token: String? = nil,
        bucket: (any Bucket)? = nil
    ) async throws -> (status: Int, json: [String: JSONValue]) {
        let response = try await send(
            name, method, path, body, query: query, headers: headers, token: token, bucket: bucket)
        guard case .object(let fields) = try JSONValue(parsing: Array((response.body ?? "{}").utf8))
        else { return (response.statusCode, [:]) }
        return (response.statusCode, fields)
    }

    /// Calls a function's URL, for tests of headers.
    func send(
        _ name: FunctionName, _ method: String, _ path: String, _ body: String = "",
        query: [String: String] = [:], headers: [String: String] = [:], token: String? = nil,
        bucket: (any Bucket)? = nil
    ) async throws -> FunctionURLResponse {
        let authorization = token.map { ["authorization": "Bearer \($0)"] } ?? [:]
        let request = FunctionURLRequest(
            method: method, rawPath: path, headers: authorization.merging(headers) { $1 },
            queryStringParameters: query, bodyBytes: Array(body.utf8))
        let bytes = try await Registry.handler(name, services(allowed(name, bucket)))(
            Array(try JSONEncoder().encode(request)), Self.context)
        return try JSONDecoder().decode(FunctionURLResponse.self, from: Data(bytes))
    }

    /// Delivers the event of one object to one function.
    func deliver(
        _ key: String, to name: FunctionName, bucket: (any Bucket)? = nil
    ) async throws {
        _ = try await Registry.handler(name, services(allowed(name, bucket)))(
            Array(Self.event(key).utf8), Self.context)
    }

    /// The store's event for one object.
    static func event(_ key: String) -> String {
        """
        {"Records":[{"eventVersion":"2.1","eventSource":"aws:s3",
        "eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"spool"},
        "object":{"key":"\(key)","size":1,"eTag":"e","sequencer":"1"}}}]}
        """
    }

    /// Uploads a clip and completes the upload.
    func asset(token: String? = nil) async throws -> String {
        let (_, grant) = try await call(
            .initUpload, "POST", "/", #"{"filename":"a.mp4","contentType":"video/mp4","size":4}"#,
            token: token)
        guard case .string(let key)? = grant["key"], case .string(let id)? = grant["assetId"]
        else { throw HarnessError(text: "\(grant)") }
        try await memory.putObject(
            .bytes([1, 2, 3, 4]), at: ObjectKey(key), options: PutOptions(contentType: "video/mp4"))
        let (status, answer) = try await call(
            .completeUpload, "POST", "/", #"{"assetId":"\#(id)"}"#, token: token)
        guard status == 200 else { throw HarnessError(text: "\(answer)") }
        return id
    }

    static func edit(_ asset: String, more: String = "") -> String {
        """
        {"timeline":{"tracks":[{"clips":[
        {"asset":{"type":"video","assetId":"\(asset)"},"start":0,"length":20}]}]},
        "output":{"size":{"width":320,"height":180},"fps":30,"chunkSeconds":10}\(more)}
        """
    }

    /// Starts an export of two chunks.
    func export(_ asset: String) async throws -> JobID {
        let (status, answer) = try await call(.startExport, "POST", "/", Self.edit(asset))
        guard status == 202, case .string(let text)? = answer["jobId"], let job = JobID(text)
        else { throw HarnessError(text: "\(answer)") }
        return job
    }

    func keys(_ job: JobID) -> ExportKeys { ExportKeys(owner: .local, job: job) }

    func result(_ job: JobID) async throws -> ExportResult? {
        try await memory.document(ExportResult.self, at: keys(job).result)
    }

    static let units: [RenderUnit] = [
        .video(FrameRange(0, 300)), .video(FrameRange(300, 600)), .audio,
    ]

    /// Delivers every request of the export, then the stitch request.
    func run(_ job: JobID, bucket: (any Bucket)? = nil) async throws {
        for unit in Self.units {
            try await deliver(keys(job).request(unit).text, to: .renderChunk, bucket: bucket)
        }
        if try await memory.objectExists(keys(job).stitchRequest) {
            try await deliver(keys(job).stitchRequest.text, to: .stitchExport, bucket: bucket)
        }
    }
}

extension FunctionHarness {
    /// Delivers every request of these exports until no new one appears.
    func settle(_ jobs: [JobID], bucket: (any Bucket)? = nil) async throws {
        let prefixes = jobs.map { keys($0).prefix + "requests/" }
        var delivered: Set<String> = []
        while let next = memory.keys.first(where: { key in
            prefixes.contains { key.hasPrefix($0) } && !key.hasSuffix(".shared.json")
                && !delivered.contains(key)
        }) {
            delivered.insert(next)
            let isChunk = next.hasSuffix(".chunk.json")
            try await deliverAgain(
                next, to: isChunk ? .renderChunk : .stitchExport, bucket: bucket)
        }
    }

    /// Delivers an event as the platform does: up to three times until it succeeds.
    func deliverAgain(
        _ key: String, to name: FunctionName, bucket: (any Bucket)? = nil
    ) async throws {
        for _ in 1...2 {
            do {
                return try await deliver(key, to: name, bucket: bucket)
            } catch { continue }
        }
        try await deliver(key, to: name, bucket: bucket)
    }

    /// Delivers the record of an event that failed three times to the sweep.
    func deliverDeadLetter(
        _ key: String, of name: FunctionName, errorType: String, message: String
    ) async throws {
        let record = """
            {"version":"1.0","timestamp":"2026-01-01T00:00:00Z","requestContext":{"requestId":"r",
            "functionArn":"arn:aws:lambda:us-east-1:000000000000:function:\(name.rawValue):$LATEST",
            "condition":"RetriesExhausted","approximateInvokeCount":3},
            "requestPayload":\(Self.event(key)),"responseContext":{"statusCode":200,
            "executedVersion":"$LATEST","functionError":"Unhandled"},
            "responsePayload":{"errorType":"\(errorType)","errorMessage":"\(message)"}}
            """
        _ = try await Registry.handler(.sweep, services(allowed(.sweep, nil)))(
            Array(record.utf8), Self.context)
    }

    /// Starts several exports.
    func severalExports(_ body: String) async throws -> [JobID] {
        let (status, answer) = try await call(.startExport, "POST", "/", body)
        guard status == 202, case .array(let jobs)? = answer["jobs"] else {
            throw HarnessError(text: "\(answer)")
        }
        return jobs.compactMap {
            guard case .object(let fields) = $0, case .string(let text)? = fields["jobId"] else {
                return nil
            }
            return JobID(text)
        }
    }
}

extension FunctionHarness {
    /// Runs `expire` at a time, under its role.
    func expire(at time: UnixTime, bucket: (any Bucket)? = nil) async throws -> Expire.Report {
        var services = services(allowed(.expire, bucket))
        services.now = { time }
        var context = Self.context
        context.deadline = time + .seconds(300)
        let bytes = try await Registry.handler(.expire, services)(Array("{}".utf8), context)
        return try JSONDecoder().decode(Expire.Report.self, from: Data(bytes))
    }
}

extension Registry {
    /// A function as tests call it: bytes in, bytes out.
    static func handler(_ name: FunctionName, _ services: Services) -> RawHandler {
        { bytes, context in
            guard let function = functions.first(where: { $0.name == name }) else {
                throw HarnessError(text: "\(name) is not in the registry")
            }
            guard case .whole(let answer) = try await handler(function, services)(bytes, context)
            else { throw HarnessError(text: "\(name) streams its response") }
            return answer
        }
    }
}

final class UsedPermissions: Sendable {
    let value = Mutex<Set<String>>([])
}

struct HarnessError: Error { var text: String }
