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

/// A store that runs in this process, and ways to talk to it.
struct RunningStore: Sendable {
    static let credentials = SigV4.Credentials(accessKeyID: "key", secretAccessKey: "secret")

    let port: Int
    let database: Database
    let store: ObjectStoreServer
    let folder: String
    let log: Mutex1<[String]>
    let eventWakeUps: Mutex1<Int>
    /// Why the process would have ended.
    let durabilityLosses: Mutex1<[String]>

    /// Our own client, as the functions use it.
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

    /// Everything in the outbox: event name, key and size.
    func events() async throws -> [String] {
        try await database.read { connection in
            try ObjectEventOutbox.oldest(limit: 10_000, in: connection).map {
                "\($0.eventName) \($0.key) \($0.bytes)"
            }
        }
    }

    /// A signed request in one packet, answered until the server closes.
    func exchange(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: String = "",
        payloadHash: String? = nil, seconds: Int? = nil
    ) async -> String {
        let timestamp = UnixTime(seconds: seconds ?? UnixTime.now().milliseconds / 1_000).basic
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

/// A Mutex that can be copied into closures.
final class Mutex1<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value { mutex.withLock { $0 } }
    func update(_ body: @Sendable (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}

/// Runs a store on a folder; the folder may hold what another run left.
func withStore(
    in folder: String, inlineBytesMax: Int = 16 << 10, graceMilliseconds: Int = 60_000,
    now: @escaping @Sendable () -> Int = { UnixTime.now().milliseconds },
    _ body: (RunningStore) async throws -> Void
) async throws {
    let database = try Database(path: folder + "/spool.sqlite")
    let log = Mutex1<[String]>([])
    let wakeUps = Mutex1(0)
    let losses = Mutex1<[String]>([])
    let configuration = ObjectStoreConfiguration(
        dataFolder: folder + "/store",
        credentials: StoreCredentials(accessKeyID: "key", secretAccessKey: "secret"),
        bucket: "spool", inlineBytesMax: inlineBytesMax,
        deletionGraceMilliseconds: graceMilliseconds, now: now,
        onDurabilityLost: { reason in losses.update { $0.append(reason) } })
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
        await server.stop(graceMilliseconds: 100)
        throw error
    }
    await server.stop(graceMilliseconds: 1_000)
    await database.close()
}

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
