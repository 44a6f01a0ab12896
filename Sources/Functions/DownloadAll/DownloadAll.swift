import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

extension FunctionName {
    /// Streams finished files as a ZIP archive.
    package static let downloadAll = FunctionName("download-all")
}

/// Streams finished files as one ZIP archive: one export's, or all that their owner
/// completed in the last week.
///
/// Memory does not grow with the files: one block is read while the previous one is
/// sent. A file that cannot be read cuts the stream, so that a partial archive is never
/// mistaken for a whole one.
enum DownloadAll {
    static let function = Function(
        .downloadAll, stream: { await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var authorizer: Authorizer
        var now: @Sendable () -> UnixTime
        /// Largest stream in bytes; nil where the platform has no limit.
        var bytesMax: Int?

        init(_ services: Services) {
            bucket = services.bucket
            authorizer = services.authorizer
            now = services.now
            bytesMax = services.streamBytesMax
        }
    }

    /// Bytes of one read; two blocks are in memory at a time.
    static let pieceBytes = 4 << 20
    /// Maximum number of exports in one archive.
    static let exportCountMax = 100
    /// Age of the oldest export: results are kept for a week.
    static let reach = Duration.seconds(7 * 86_400)

    /// A finished file and its key.
    private struct Source: Sendable {
        var entry: ZipArchive.Entry
        var key: ObjectKey
        var etag: String
        /// ID of the export.
        var id: String
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> StreamedResponse {
        var sources: [Source] = []
        let head = await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["GET", "HEAD"]
        ) { authorized in
            let path = authorized.request.rawPath.split(separator: "/").map(String.init)
            let name: String
            if authorized.request.pathParameters["jobId"] == nil, path.dropLast().last == "exports"
            {
                sources = try await completed(of: authorized.owner, dependencies)
                name = "exports.zip"
            } else {
                let id = authorized.request.pathParameters["jobId"] ?? path.dropLast().last
                let target = try await JobTarget.find(
                    id, owner: authorized.owner, bucket: dependencies.bucket,
                    now: dependencies.now)
                (sources, name) = try await files(of: target)
                if path.last == "download" {
                    return try await single(
                        Self.chosen(by: request, from: &sources), dependencies)
                }
            }
            try check(sources, dependencies)
            return FunctionURLResponse(
                statusCode: 200,
                headers: [
                    "content-type": "application/zip", "cache-control": "no-store",
                    "content-disposition": "attachment; filename=\"\(name)\"",
                ])
        }
        guard head.statusCode == 200, request.method == "GET" else {
            return StreamedResponse(whole: head)
        }
        let bucket = dependencies.bucket
        let isArchive = head.headers["content-type"] == "application/zip"
        return StreamedResponse(http: head) { [sources] writer in
            if isArchive {
                try await write(sources, from: bucket, to: writer)
            } else {
                for source in sources {
                    try await send(source, from: bucket) { try await writer.write($0) }
                }
            }
        }
    }

    /// The finished files of a job, and the name of their archive.
    private static func files(
        of target: JobTarget
    ) async throws -> (sources: [Source], archiveName: String) {
        switch target {
        case .export(let found):
            return (try await finished(found.ledger), "\(found.ledger.keys.job.text).zip")
        case .batch(let ledger, let record):
            guard let (status, _) = try await ledger.status() else { throw Problem.jobNotFound }
            let sources = zip(record.outputs, status.members).compactMap { output, member in
                member.output.map { file in
                    Source(
                        entry: ZipArchive.Entry(
                            name: output.name, bytes: file.bytes,
                            modified: member.finishedAt ?? record.createdAt),
                        key: ObjectKey(file.key), etag: file.etag, id: output.job.text)
                }
            }
            return (sources, "variations.zip")
        }
    }

    /// The file that `?output=` names by ID or name, else the first. The only one left in
    /// `sources`.
    private static func chosen(
        by request: FunctionURLRequest, from sources: inout [Source]
    ) throws(Problem) -> Source {
        if let wanted = request.queryStringParameters["output"] {
            sources = sources.filter { $0.id == wanted || $0.entry.name == wanted }
            guard !sources.isEmpty else {
                throw Problem(
                    status: 404, title: "Not found",
                    detail: "The job has no complete output \(wanted).",
                    faults: [FieldFault(pointer: "/output", detail: "is not a complete output")],
                    error: "Output not found")
            }
        }
        sources = Array(sources.prefix(1))
        guard let source = sources.first else { throw incomplete }
        return source
    }

    /// One file as a stream: a page of another origin can read it, which a redirect to the
    /// store does not allow where the store names its origins. A larger file is a redirect.
    private static func single(
        _ source: Source, _ dependencies: Dependencies
    ) async throws -> FunctionURLResponse {
        if let bytesMax = dependencies.bytesMax, source.entry.bytes > bytesMax {
            let url = try await dependencies.bucket.presignedURL(
                .get(source.key, downloadName: source.entry.name),
                expiresIn: JobStatus.downloadURLLifetime, audience: .client)
            return FunctionURLResponse(
                statusCode: 302, headers: ["location": url, "cache-control": "no-store"])
        }
        return FunctionURLResponse(
            statusCode: 200,
            headers: [
                "content-type": "video/mp4", "cache-control": "no-store",
                "content-disposition": ContentDisposition.attachment(source.entry.name),
            ])
    }

    private static func check(
        _ sources: [Source], _ dependencies: Dependencies
    ) throws(Problem) {
        guard !sources.isEmpty else { throw incomplete }
        let bytes = sources.reduce(0) { $0 + $1.entry.bytes }
        guard let bytesMax = dependencies.bytesMax, bytes > bytesMax else { return }
        throw Problem(
            status: 413, title: "Content too large",
            detail: "The files have \(bytes) bytes; the limit of one archive is \(bytesMax). "
                + "Download the files separately.")
    }

    private static let incomplete = Problem(
        status: 409, title: "Not completed",
        detail: "No export is completed yet.")

    /// The files of one export; empty before it is completed.
    private static func finished(_ ledger: ExportLedger) async throws -> [Source] {
        guard let result = try await ledger.result(), let output = result.output else {
            try await ledger.refuseIfRemoved()
            return []
        }
        let key = ObjectKey(output.key)
        let suffix = key.text.split(separator: ".").last ?? "bin"
        let entry = ZipArchive.Entry(
            name: "\(ledger.keys.job.text).\(suffix)", bytes: output.bytes,
            modified: result.finishedAt)
        return [
            Source(entry: entry, key: key, etag: output.etag, id: ledger.keys.job.text)
        ]
    }

    private static func completed(
        of owner: OwnerID, _ dependencies: Dependencies
    ) async throws -> [Source] {
        let page = try await dependencies.bucket.listObjects(
            prefix: ExportKeys.recentPrefix(of: owner), startAfter: nil,
            keyCountMax: exportCountMax)
        let oldest = dependencies.now() - reach
        let recent = page.objects.compactMap { ExportKeys.parseRecent($0.key) }
            .filter { $0.job.time >= oldest }
            .sorted { $0.job.text < $1.job.text }
        let sources = try await concurrentMap(recent, limit: 8) { keys in
            try await finished(
                ExportLedger(bucket: dependencies.bucket, keys: keys, now: dependencies.now))
        }
        return sources.flatMap { $0 }
    }

    private static func write(
        _ sources: [Source], from bucket: any Bucket, to writer: any ResponseWriter
    ) async throws {
        var archive = ZipArchive()
        for source in sources {
            try await writer.write(archive.begin(source.entry))
            try await send(source, from: bucket) { piece in
                archive.note(piece)
                try await writer.write(piece)
            }
            try await writer.write(archive.end())
        }
        try await writer.write(archive.directory())
    }

    /// Reads a file in blocks; the next one is read while `piece` handles the last.
    private static func send(
        _ source: Source, from bucket: any Bucket, _ handle: ([UInt8]) async throws -> Void
    ) async throws {
        var end = min(pieceBytes, source.entry.bytes)
        var piece = try await read(source, 0..<end, bucket)
        while !piece.isEmpty {
            let range = end..<min(end + pieceBytes, source.entry.bytes)
            end = range.upperBound
            async let next = read(source, range, bucket)
            try await handle(piece)
            piece = try await next
        }
    }

    private static func read(
        _ source: Source, _ range: Range<Int>, _ bucket: any Bucket
    ) async throws -> [UInt8] {
        guard !range.isEmpty else { return [] }
        let object = try await bucket.getObject(
            source.key, range: range, ifMatch: source.etag, bytesMax: range.count)
        guard object.body.count == range.count else {
            throw HandlerError(
                type: "Function.ObjectChanged",
                message: "\(source.entry.name) is shorter than its record.")
        }
        return object.body
    }
}
