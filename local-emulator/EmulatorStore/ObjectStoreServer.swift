import Crypto
package import EmulatorDatabase
package import EmulatorHTTP
package import Logging
import Synchronization
package import WallClock

/// Settings of a store.
package struct ObjectStoreConfiguration: Sendable {
    /// Folder of the objects' bodies, in `tmp` and `data`; created when missing.
    package var dataFolder: String
    /// The one pair that requests are signed with.
    package var credentials: StoreCredentials
    /// AWS region in signatures and bucket locations.
    package var region: String
    /// Bucket that is created at the start if it does not exist.
    package var bucket: String
    /// Origins whose pages may call the store; `*` allows all.
    package var allowedOrigins: [String]
    /// Size up to which bodies are stored in the database, with one fsync instead of three;
    /// -1 stores every body in a file.
    package var inlineBytesMax: Int
    /// Time from a body's replacement to its removal, for readers that are about to open it.
    package var deletionGrace: Duration
    /// Rules of the deployment for objects and uploads of `bucket`. They hold next to those that
    /// a client stores with PutBucketLifecycleConfiguration.
    package var expiry = ExpiryRules()
    /// The share of the volume up to which uploads are accepted; nil for no limit.
    package var volumeLimit: VolumeLimit?
    /// Largest upload by a presigned URL below `uploads/`, its parts together; such a URL does not
    /// say how much it permits.
    package var uploadBytesMax = 5 << 40
    /// A second pair that the functions sign with, where `credentials` are published. It
    /// cannot be guessed, so any page may use a URL that it signs.
    package var ownKeys: StoreCredentials?
    /// The pages that may send requests; nil where the keys are secret.
    package var pageRules: PageRules?
    /// The clock.
    package var now: @Sendable () -> UnixTime
    /// Called with the reason when the disk lost written data. No later write can be
    /// trusted, so it must end the process.
    package var onDurabilityLost: @Sendable (String) -> Void

    /// Settings; the properties say what each parameter is.
    package init(
        dataFolder: String, credentials: StoreCredentials, region: String = "us-east-1",
        bucket: String, allowedOrigins: [String] = ["*"], inlineBytesMax: Int = 16 << 10,
        deletionGrace: Duration = .seconds(60),
        now: @escaping @Sendable () -> UnixTime = { .now() },
        onDurabilityLost: @escaping @Sendable (String) -> Void
    ) {
        self.dataFolder = dataFolder
        self.credentials = credentials
        self.region = region
        self.bucket = bucket
        self.allowedOrigins = allowedOrigins
        self.inlineBytesMax = inlineBytesMax
        self.deletionGrace = deletionGrace
        self.now = now
        self.onDurabilityLost = onDurabilityLost
    }
}

/// S3 endpoint that stores objects in files and SQLite; path-style addresses at the root of
/// its port.
///
/// A body's file is durable before the transaction that refers to it. The same transaction
/// checks the write's condition and appends the event, so objects and events cannot differ.
package final class ObjectStoreServer: HTTPHandler {
    /// 5 GiB: S3's limit for one PUT or one part.
    static let putBytesMax = 5 << 30
    /// 2 MiB: S3's limit for an XML document, such as a list of keys to delete.
    private static let documentBytesMax = 2 << 20

    let configuration: ObjectStoreConfiguration
    let database: Database
    let blobs: BlobFolder
    let logger: Logger
    let authentication: Authentication
    let crossOrigin: CrossOrigin
    /// CORS rules by bucket, for buckets with a CORS configuration.
    let bucketCORS = Mutex<[String: BucketCORS]>([:])
    /// Instant at which the lifecycle rules are applied again.
    let nextLifecycle = Mutex(UnixTime(milliseconds: 0))
    let diskProbe = DiskProbe()
    private let onObjectEvent: @Sendable () -> Void
    private let requestCount = Atomic(0)
    private let requestPrefix = hex(randomBytes(count: 4)).uppercased()

    /// Opens the store, repairs the state after a crash and creates the bucket.
    /// - Parameter onObjectEvent: Called after every commit that appended to the outbox.
    /// - Throws: `DatabaseError`, `BlobError`.
    package init(
        configuration: ObjectStoreConfiguration, database: Database, logger: Logger,
        onObjectEvent: @escaping @Sendable () -> Void = {}
    ) async throws {
        self.configuration = configuration
        self.database = database
        self.logger = logger
        self.onObjectEvent = onObjectEvent
        blobs = try BlobFolder(path: configuration.dataFolder) { [configuration] error in
            configuration.onDurabilityLost("\(error)")
        }
        authentication = Authentication(
            credentials: [configuration.credentials, configuration.ownKeys].compactMap { $0 },
            region: configuration.region,
            now: configuration.now)
        crossOrigin = CrossOrigin(allowedOrigins: configuration.allowedOrigins)
        let (bucket, now) = (configuration.bucket, configuration.now())
        try await database.transaction { connection in
            try StoreSchema.create(in: connection)
            try connection.execute(
                "INSERT OR IGNORE INTO buckets VALUES(?,?)", bucket, now)
        }
        try await reconcile()
        try await loadBucketCORS()
    }

    /// The handling of a body: authenticates the head first.
    package func plan(for head: RequestHead) async -> BodyPlan {
        let requestID = newRequestID()
        do throws(S3Error) {
            try refuseForeignPage(head)
            if head.method == "OPTIONS" {
                return .refuse(origins(of: head).preflight(head, requestID: requestID))
            }
            let request = try S3Request(head, requestID: requestID)
            let operation = try authorizedOperation(request)
            let signature: PayloadSignature =
                operation == .postForm ? .unsigned : try authentication.check(request)
            try RequestPromises.check(request)
            try refuseFullVolume(request, operation)
            return .consume(try pending(request, operation, signature))
        } catch {
            return .refuse(finished(failure(error, head, requestID: requestID), head, requestID))
        }
    }

    /// The response to a request whose body was received as planned.
    package func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        guard case .consumed(let consumer) = body, let pending = consumer as? PendingRequest else {
            let requestID = newRequestID()
            let error = S3Error(.internalError, "The request has no plan.")
            return finished(failure(error, head, requestID: requestID), head, requestID)
        }
        let requestID = pending.request.requestID
        do {
            let response = try await perform(pending, body: try await pending.finish())
            return finished(response, head, requestID)
        } catch let error as S3Error {
            return finished(failure(error, head, requestID: requestID), head, requestID)
        } catch let error as DatabaseError where error.code == .full {
            return finished(failure(.diskFull, head, requestID: requestID), head, requestID)
        } catch {
            logger.error(
                "Store request failed",
                [
                    "requestId": .string(requestID), "method": .string(head.method),
                    "path": .string(head.path), "error": .string(String(describing: error)),
                ])
            let internalError = S3Error(
                .internalError, "We encountered an internal error. Please try again.")
            return finished(failure(internalError, head, requestID: requestID), head, requestID)
        }
    }

    /// Runs a write in a transaction, then reports that there may be events.
    func write<T: Sendable>(
        _ request: S3Request, _ body: @escaping @Sendable (ObjectIndex) throws -> T
    ) async throws -> T {
        try await write(requestID: request.requestID, body)
    }

    /// Runs a write that no request caused, then reports that there may be events.
    func upkeep(_ body: @escaping @Sendable (ObjectIndex) throws -> Void) async throws {
        try await write(requestID: "upkeep", body)
    }

    private func write<T: Sendable>(
        requestID: String, _ body: @escaping @Sendable (ObjectIndex) throws -> T
    ) async throws -> T {
        let (now, grace) = (configuration.now(), configuration.deletionGrace)
        do {
            let value = try await database.transaction { connection in
                try body(
                    ObjectIndex(
                        connection: connection, now: now, requestID: requestID,
                        deletionGrace: grace))
            }
            onObjectEvent()
            return value
        } catch let error as DatabaseError where error.code == .inputOutput {
            configuration.onDurabilityLost("\(error)")
            throw error
        }
    }

    /// Runs reads on one snapshot; the index must not be written.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (ObjectIndex) throws -> T
    ) async throws -> T {
        try await database.read { connection in
            try body(
                ObjectIndex(
                    connection: connection, now: UnixTime(milliseconds: 0), requestID: "",
                    deletionGrace: .zero))
        }
    }

    /// Authenticates before any other error is reported.
    private func authorizedOperation(_ request: S3Request) throws(S3Error) -> S3Operation {
        let operation: S3Operation
        do throws(S3Error) {
            operation = try S3Operation(request)
        } catch {
            _ = try authentication.check(request)
            throw error
        }
        return operation
    }

    private func pending(
        _ request: S3Request, _ operation: S3Operation, _ signature: PayloadSignature
    ) throws(S3Error) -> PendingRequest {
        let streams = operation.streamsBody
        // Parts are always files, so that completing an upload copies no bytes.
        let inlineBytesMax =
            switch operation {
            case .putObject, .postForm: configuration.inlineBytesMax
            case .uploadPart: -1
            default: Self.documentBytesMax
            }
        let headers: HeaderFields =
            switch operation {
            case .postForm: [:]
            // Its checksum headers describe the object, not the document.
            case .completeUpload:
                HeaderFields(
                    request.headers.fields.filter {
                        !$0.lowercasedName.hasPrefix("x-amz-checksum-")
                    }.map { ($0.lowercasedName, $0.value) })
            default: request.headers
            }
        let pipeline = try BodyPipeline(
            headers, signature, blobs: blobs, inlineBytesMax: inlineBytesMax,
            bytesMax: streams ? bodyBytesMax(request) : Self.documentBytesMax)
        guard operation == .postForm else { return PendingRequest(request, operation, pipeline) }
        let (bucket, authentication) = (request.bucket ?? "", authentication)
        let form = try PostFormReader(contentType: request.header("content-type") ?? "") {
            fields throws(S3Error) in
            try PostPolicy.check(fields, bucket: bucket, authentication)
        }
        return PendingRequest(request, operation, pipeline, form: form)
    }

    private func perform(
        _ pending: PendingRequest, body: PendingRequest.Body
    ) async throws -> Response {
        let request = pending.request
        switch pending.operation {
        case .listBuckets: return try await listBuckets(request)
        case .createBucket: return try await createBucket(request, body.memory)
        case .headBucket: return try await headBucket(request)
        case .deleteBucket: return try await deleteBucket(request)
        case .bucketLocation: return try await bucketLocation(request)
        case .bucketVersioning: return try await bucketVersioning(request)
        case .configuration(let kind): return try await configuration(kind, request, body.memory)
        case .getObjectTagging: return try await objectTagging(request)
        case .setObjectTagging: return try await setObjectTagging(request, body.memory)
        case .listObjects: return try await listObjects(request, .version1)
        case .listObjectsV2: return try await listObjects(request, .version2)
        case .listVersions: return try await listObjects(request, .objectVersions)
        case .getObjectAttributes: return try await getObjectAttributes(request)
        case .deleteObjects: return try await deleteObjects(request, body.memory)
        case .postForm: return try await postForm(request, pending.formFields, body)
        case .getObject, .headObject: return try await getObject(request)
        case .putObject: return try await putObject(request, body)
        case .copyObject: return try await copyObject(request)
        case .deleteObject: return try await deleteObject(request)
        case .createUpload: return try await createUpload(request)
        case .uploadPart: return try await uploadPart(request, body)
        case .uploadPartCopy: return try await uploadPartCopy(request)
        case .listParts: return try await listParts(request)
        case .listUploads: return try await listUploads(request)
        case .completeUpload: return try await completeUpload(request, body.memory)
        case .abortUpload: return try await abortUpload(request)
        }
    }

    private func failure(_ error: S3Error, _ head: RequestHead, requestID: String) -> Response {
        if error.code == .notModified {
            return Response(status: 304, headers: error.details)
        }
        let document = XMLText(error: error, resource: head.path, requestID: requestID).bytes
        let body: ResponseBody =
            head.method == "HEAD" ? .omitted(bytes: document.count) : .bytes(document)
        return Response(
            status: error.code.status, headers: [("Content-Type", "application/xml")], body: body)
    }

    /// Refuses a request of a page that may not call the store; a bucket's own CORS rules decide
    /// about its origins. Images and links have no origin: their page cannot read the response.
    /// - Throws: `.accessDenied`.
    private func refuseForeignPage(_ head: RequestHead) throws(S3Error) {
        guard let rules = configuration.pageRules, head.method != "OPTIONS" else { return }
        let isReadOnly = head.method == "GET" || head.method == "HEAD"
        let isOpen = origins(of: head).rules != nil || namesOwnKeys(head)
        let fault = rules.fault(
            of: head, isReadOnly: isReadOnly || isOpen, origins: isOpen ? ["*"] : nil)
        if let fault { throw S3Error(.accessDenied, fault) }
    }

    /// Adds the headers that every response has.
    private func finished(
        _ response: Response, _ head: RequestHead, _ requestID: String
    ) -> Response {
        var response = response
        response.headers += [
            ("x-amz-request-id", requestID), ("x-amz-id-2", "spool"), ("Server", "Spool"),
            ("X-Content-Type-Options", "nosniff"),
        ]
        response.headers += origins(of: head).headers(for: head)
        return response
    }

    /// True for a presigned URL that names the functions' keys; its signature is checked later.
    private func namesOwnKeys(_ head: RequestHead) -> Bool {
        guard let keys = configuration.ownKeys, let query = head.query else { return false }
        return query.contains("X-Amz-Credential=\(keys.accessKeyID)%2F")
    }

    /// CORS rules of the bucket that a request addresses.
    private func origins(of head: RequestHead) -> CrossOrigin {
        let bucket = head.path.dropFirst().prefix { $0 != "/" }
        guard let rules = bucketCORS.withLock({ $0[String(bucket)] }) else {
            // A redirect to a granted URL has the origin `null`.
            return namesOwnKeys(head) ? CrossOrigin(allowedOrigins: ["*"]) : crossOrigin
        }
        return CrossOrigin(allowedOrigins: [], rules: rules)
    }

    private func newRequestID() -> String {
        let number = requestCount.add(1, ordering: .relaxed).newValue
        let digits = String(number, radix: 16, uppercase: true)
        return requestPrefix + String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}
