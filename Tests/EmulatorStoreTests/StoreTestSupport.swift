import Crypto
import EmulatorDatabase
import EmulatorHTTP
@testable import EmulatorStore
import HTTPTransport
import Logging
import ObjectStore
import Signing
import Synchronization
import TestSupport
import WallClock

/// A store in this process, with a client.
struct RunningStore: Sendable {
    static let credentials = SigV4.Credentials(accessKeyID: "key", secretAccessKey: "secret")

    let port: Int
    let database: Database
    let store: ObjectStoreServer
    let folder: String
    let log: SharedValue<[String]>
    let eventWakeUps: SharedValue<Int>
    /// Reasons for which the process would have ended.
    let durabilityLosses: SharedValue<[String]>

    /// The functions' own S3 client.
    func bucket(checksums: ChecksumPolicy = .whenRequired) throws -> S3Bucket {
        let configuration = try S3Configuration(environment: [
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(port)", "SPOOL_BUCKET": "spool",
            "AWS_REQUEST_CHECKSUM_CALCULATION": checksums.rawValue,
            "AWS_RESPONSE_CHECKSUM_VALIDATION": checksums.rawValue,
        ])
        return S3Bucket(
            configuration, client: CurlTransport(),
            clock: S3Clock(
                now: { UnixTime.now() }, sleep: { _ in },
                random: { 0 }))
    }

    /// The events in the outbox: name, key and size.
    func events() async throws -> [String] {
        try await database.read { connection in
            try ObjectEventOutbox.oldest(limit: 10_000, in: connection).map {
                "\($0.eventName) \($0.key) \($0.bytes)"
            }
        }
    }

    /// Sends a signed request and reads the response until the server closes the connection.
    func exchange(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: String = "",
        payloadHash: String? = nil, signedAt time: UnixTime = .now()
    ) async -> String {
        let timestamp = time.basic
        let hash = payloadHash ?? sha256Hex(body)
        let all =
            [
                (name: "Host", value: "127.0.0.1:\(port)"), (name: "x-amz-date", value: timestamp),
                (name: "x-amz-content-sha256", value: hash),
            ] + headers
        let request = SigV4.CanonicalRequest(
            method: method, path: path, query: query, headers: all, payloadHash: hash)
        let authorization = SigV4.authorization(
            request, timestamp: timestamp,
            scope: SigV4.Scope(date: String(timestamp.prefix(8)), region: "us-east-1"),
            credentials: Self.credentials)
        let target = query.isEmpty ? path : path + "?" + request.canonicalQuery
        var text = "\(method) \(target) HTTP/1.1\r\nAuthorization: \(authorization)\r\n"
        for (name, value) in all { text += "\(name): \(value)\r\n" }
        text += "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        return await RawConnection.exchange(text, port: port)
    }
}

/// A value that closures share.
final class SharedValue<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value { mutex.withLock { $0 } }
    func update(_ body: @Sendable (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}

/// Runs a store on a folder, which may have the data of an earlier run.
func withStore(
    in folder: String, inlineBytesMax: Int = 16 << 10, deletionGrace: Duration = .seconds(60),
    now: @escaping @Sendable () -> UnixTime = { .now() },
    configure: (inout ObjectStoreConfiguration) -> Void = { _ in },
    _ body: (RunningStore) async throws -> Void
) async throws {
    let database = try Database(path: folder + "/spool.sqlite")
    let log = SharedValue<[String]>([])
    let wakeUps = SharedValue(0)
    let losses = SharedValue<[String]>([])
    var configuration = ObjectStoreConfiguration(
        dataFolder: folder + "/store",
        credentials: StoreCredentials(accessKeyID: "key", secretAccessKey: "secret"),
        bucket: "spool", inlineBytesMax: inlineBytesMax,
        deletionGrace: deletionGrace, now: now,
        onDurabilityLost: { reason in losses.update { $0.append(reason) } })
    configure(&configuration)
    let logger = Logger { line in
        log.update { $0.append(String(decoding: line, as: UTF8.self)) }
    }
    let store = try await ObjectStoreServer(
        configuration: configuration, database: database, logger: logger,
        onObjectEvent: { wakeUps.update { $0 += 1 } })
    let server = HTTPServer(configuration: HTTPServerConfiguration(), handler: store)
    let port = try server.start()
    let running = RunningStore(
        port: port, database: database, store: store, folder: folder, log: log,
        eventWakeUps: wakeUps, durabilityLosses: losses)
    do {
        try await body(running)
    } catch {
        await server.stop(grace: .milliseconds(100))
        throw error
    }
    await server.stop(grace: .seconds(1))
    await database.close()
}

/// Runs a store on a temporary folder.
func withStore(_ body: (RunningStore) async throws -> Void) async throws {
    try await withTemporaryFolder { try await withStore(in: $0, body) }
}

extension String {
    /// The `Code` of an S3 error document.
    var errorCode: String? {
        guard let start = range(of: "<Code>"), let end = range(of: "</Code>") else { return nil }
        return String(self[start.upperBound..<end.lowerBound])
    }

    private func range(of text: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
