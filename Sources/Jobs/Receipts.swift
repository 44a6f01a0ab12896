package import WallClock

/// Says that a unit is rendered and where: `receipts/{unit}.json`.
package struct RenderReceipt: Hashable, Sendable, Codable {
    package var version: Int = 1
    /// Object key below `cache/`.
    package var key: String
    package var etag: String
    /// Frames of a video chunk; samples of the audio unit.
    package var frames: Int
    package var bytes: Int
    package var cpuMilliseconds: Int
    /// True when an earlier export had rendered the same content.
    package var cached: Bool
    /// Frames that were copied from their sources; nil where none were to be.
    package var copiedFrames: Int?
    /// Why none was copied where that was asked for.
    package var encodedBecause: String?
    /// What the invocation used; nil in receipts of earlier versions.
    package var work: MeasuredWork?

    package init(
        key: String, etag: String, frames: Int, bytes: Int, cpuMilliseconds: Int, cached: Bool,
        work: MeasuredWork? = nil
    ) {
        self.key = key
        self.etag = etag
        self.frames = frames
        self.bytes = bytes
        self.cpuMilliseconds = cpuMilliseconds
        self.cached = cached
        self.work = work
    }
}

/// What one invocation used until it wrote its record.
package struct MeasuredWork: Hashable, Sendable, Codable {
    package var milliseconds: Int
    package var memoryMegabytes: Int
    /// GET and HEAD requests to the store.
    package var storeReads: Int
    /// PUT, POST and LIST requests to the store.
    package var storeWrites: Int

    package init(
        milliseconds: Int, memoryMegabytes: Int, storeReads: Int, storeWrites: Int
    ) {
        self.milliseconds = milliseconds
        self.memoryMegabytes = memoryMegabytes
        self.storeReads = storeReads
        self.storeWrites = storeWrites
    }
}

/// Why one attempt failed: `failures/{unit}.{attempt}.json`.
package struct FailureRecord: Hashable, Sendable, Codable {
    package var version: Int = 1
    package var requestID: String
    package var attempt: Int
    /// One sentence; holds no secret and no presigned URL.
    package var error: String
    /// The last output of FFmpeg, where it was FFmpeg that failed.
    package var detail: String?
    /// False when another attempt cannot help.
    package var willRetry: Bool
    package var milliseconds: Int

    package init(
        requestID: String, attempt: Int, error: String, detail: String?, willRetry: Bool,
        milliseconds: Int
    ) {
        self.requestID = requestID
        self.attempt = attempt
        self.error = error
        self.detail = detail
        self.willRetry = willRetry
        self.milliseconds = milliseconds
    }

    private enum CodingKeys: String, CodingKey {
        case version, requestID = "requestId", attempt, error, detail, willRetry, milliseconds
    }
}

/// Owner and dialect of a job, found by its ID alone: `jobs/{job}.json`, and
/// the body of its `active/` marker.
package struct JobPointer: Hashable, Sendable, Codable {
    package var version: Int = 1
    package var owner: String
    package var dialect: StatusDialect
    /// Milliseconds since 1970.
    package var createdAt: UnixTime

    package init(owner: OwnerID, dialect: StatusDialect, createdAt: UnixTime) {
        self.owner = owner.text
        self.dialect = dialect
        self.createdAt = createdAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, owner, dialect, createdAt = "createdAtMilliseconds"
    }
}

/// What a client token stands for: `tokens/{owner}/{digest}.json`.
package struct ClientTokenRecord: Hashable, Sendable, Codable {
    package var version: Int = 1
    package var jobID: String
    /// SHA-256 of the request body: the same token with another edit is a
    /// conflict.
    package var editDigest: String
    package var createdAt: UnixTime

    package init(job: JobID, editDigest: String, createdAt: UnixTime) {
        jobID = job.text
        self.editDigest = editDigest
        self.createdAt = createdAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, jobID = "jobId", editDigest, createdAt = "createdAtMilliseconds"
    }
}
