import Editing
import Jobs
import LambdaRuntime
import ObjectStore

extension FunctionName {
    /// Reports the state of exports.
    package static let jobStatus = FunctionName("job-status")
}

/// Reports the progress of exports and the URLs of their results.
///
/// The state is derived from one listing of the export's objects; there is no status
/// record.
enum JobStatus {
    static let function = Function(
        .jobStatus, url: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> Int

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
        }
    }

    /// Lifetime of a download URL (CF-50).
    static let downloadSeconds = 86_400

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["GET", "HEAD"]
        ) { authorized in
            let path = authorized.request.rawPath.split(separator: "/").map(String.init)
            if path.last == "exports" || path.isEmpty {
                return .json(
                    status: 200, try await ExportList.of(authorized.owner, dependencies))
            }
            let lookup = JobLookup(bucket: dependencies.bucket, now: dependencies.now)
            if let name = path.last.flatMap(StreamPlaylist.Name.init) {
                let id =
                    authorized.request.pathParameters["jobId"] ?? path.dropLast(2).last
                let found = try await lookup.find(id, owner: authorized.owner)
                return try await StreamPlaylist.answer(name, found, dependencies.bucket)
            }
            let verbs: Set<String> = ["status", "download"]
            let verb = path.last.flatMap { verbs.contains($0) ? $0 : nil }
            let id =
                verb == nil
                ? authorized.pathParameter("jobId")
                : authorized.request.pathParameters["jobId"] ?? path.dropLast().last
            let found = try await lookup.find(id, owner: authorized.owner)
            let document = try await document(found, dependencies)
            return verb == "download"
                ? try redirect(document) : .json(status: 200, document)
        }
    }

    private static func document(
        _ found: JobLookup.Found, _ dependencies: Dependencies
    ) async throws -> StatusDocument {
        let listing = try await found.ledger.listing()
        let result = listing.hasResult ? try await found.ledger.result() : nil
        var soundFrames: Int?
        if listing.frames == nil, listing.hasPlan, result == nil {
            soundFrames = try await found.ledger.plan().frameCount
        }
        var document = StatusDocument(
            ExportStatus(listing, result: result, soundFrames: soundFrames),
            job: found.ledger.keys.job,
            pointer: found.pointer)
        if !listing.streamPieces.isEmpty {
            document.playlist = StreamPlaylist.path(found.ledger.keys.job)
        }
        if let output = result?.output {
            let key = ObjectKey(output.key)
            let name = "\(found.ledger.keys.job.text).\(key.text.split(separator: ".").last ?? "")"
            document.downloadUrl = try await dependencies.bucket.presignedURL(
                .get(key, downloadName: name), expiresInSeconds: downloadSeconds,
                audience: .client)
        }
        for file in result?.captions ?? [] {
            let name = "\(found.ledger.keys.job.text).\(file.format.rawValue)"
            document.captionUrls = document.captionUrls ?? [:]
            document.captionUrls?[file.format.rawValue] = try await dependencies.bucket
                .presignedURL(
                    .get(ObjectKey(file.key), downloadName: name),
                    expiresInSeconds: downloadSeconds,
                    audience: .client)
        }
        return document
    }

    private static func redirect(
        _ document: StatusDocument
    ) throws(Problem) -> FunctionURLResponse {
        guard let url = document.downloadUrl else {
            throw Problem(
                status: 409, title: "Not completed",
                detail: "The export is \(document.state); nothing to download.")
        }
        return FunctionURLResponse(
            statusCode: 302, headers: ["location": url, "cache-control": "no-store"], body: nil)
    }
}

/// An export as front ends read it (CF-17), plus chunks and frames.
private struct StatusDocument: Encodable {
    struct Frames: Encodable {
        var done: Int
        var total: Int
    }
    struct Chunk: Encodable {
        var start: Int
        var end: Int
        var frames: Int
        var done: Int
        var state: String
        var failedAttempts: Int?
    }

    var jobId: String
    /// State in the front end's dialect.
    var status: String
    /// State in Spool's words.
    var state: String
    var phase: String
    /// 0 to 100; never goes back.
    var progress: Int
    var frames: Frames
    var chunks: [Chunk]
    var audio: String
    var downloadUrl: String?
    /// Path of the HLS main playlist; nil before the first segment.
    var playlist: String?
    /// URLs of the caption files in `output.captions`, by format.
    var captionUrls: [String: String]?
    var error: String?
    var size: Int?
    var contentType: String?
    /// Seconds.
    var duration: Double?
    var check: ExportResult.Check?
    var usage: ExportResult.Usage?
    var createdAt: String
    var finishedAt: String?

    init(_ status: ExportStatus, job: JobID, pointer: JobPointer) {
        jobId = job.text
        state = status.state.rawValue
        self.status = pointer.dialect.name(of: status.state)
        phase = status.state.rawValue
        progress = status.progress.percent
        frames = Frames(done: status.framesDone, total: status.frameCount)
        chunks = status.chunks.map {
            Chunk(
                start: $0.frames.start, end: $0.frames.end, frames: $0.frames.count,
                done: $0.framesDone, state: $0.state.rawValue,
                failedAttempts: $0.failedAttempts == 0 ? nil : $0.failedAttempts)
        }
        audio = !status.hasSound ? "none" : status.isAudioDone ? "done" : "rendering"
        error = status.result?.error
        size = status.result?.output?.bytes
        contentType = status.result?.output?.contentType
        duration = status.result?.output?.durationSeconds
        check = status.result?.check
        usage = status.result?.usage
        createdAt = timestamp(milliseconds: pointer.createdAtMilliseconds)
        finishedAt = status.result.map { timestamp(milliseconds: $0.finishedAtMilliseconds) }
    }
}

/// The exports of one owner in the last week, newest first.
private struct ExportList: Encodable {
    struct Entry: Encodable, Sendable {
        var jobId: String
        var status: String
        var createdAt: String
    }
    var exports: [Entry]

    /// Most exports in one response.
    static let maximumEntries = 100
    /// Age of the oldest export: results are kept for a week.
    static let reachMilliseconds = 7 * 86_400_000

    /// Reads the newest keys and one result each; only an export without a result is
    /// listed. The cost does not grow with the number of exports or objects.
    static func of(
        _ owner: OwnerID, _ dependencies: JobStatus.Dependencies
    ) async throws -> ExportList {
        let page = try await dependencies.bucket.listObjects(
            prefix: ExportKeys.recentPrefix(of: owner), startAfter: nil,
            maximumKeys: maximumEntries)
        let oldest = dependencies.now() - reachMilliseconds
        let newest = page.objects.compactMap { ExportKeys.parseRecent($0.key) }
            .filter { $0.job.milliseconds >= oldest }
            .sorted { $0.job.text > $1.job.text }
        let entries = try await concurrentMap(newest, limit: 8) { keys in
            let ledger = ExportLedger(
                bucket: dependencies.bucket, keys: keys, now: dependencies.now)
            return Entry(
                jobId: keys.job.text, status: try await state(of: ledger).rawValue,
                createdAt: timestamp(milliseconds: keys.job.milliseconds))
        }
        return ExportList(exports: entries)
    }

    private static func state(of ledger: ExportLedger) async throws -> ExportState {
        if let result = try await ledger.result() { return ExportState(result.outcome) }
        return ExportStatus(try await ledger.listing(), result: nil).state
    }
}
