package import WallClock

/// Record of a rendered unit and its location: `receipts/{unit}.json`.
package struct RenderReceipt: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Object key below `cache/`.
    package var key: String
    /// ETag of the cached object.
    package var etag: String
    /// Frames of a video chunk; samples of the audio unit.
    package var frames: Int
    /// Size of the cached object.
    package var bytes: Int
    /// CPU time of the renderer.
    package var cpuMilliseconds: Int
    /// True if an earlier export rendered the same content.
    package var cached: Bool
    /// Number of frames that were copied from their sources; nil if the plan does not allow
    /// copies.
    package var copiedFrames: Int?
    /// Reason why no frame was copied although the plan allows it.
    package var encodedBecause: String?
    /// Usage of the invocation; nil in receipts of earlier versions.
    package var work: MeasuredWork?

    /// A receipt.
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

/// Usage of one invocation until it wrote its record.
package struct MeasuredWork: Hashable, Sendable, Codable {
    /// Run time of the invocation.
    package var milliseconds: Int
    /// Memory of the function.
    package var memoryMegabytes: Int
    /// GET and HEAD requests to the store.
    package var storeReads: Int
    /// PUT, POST and LIST requests to the store.
    package var storeWrites: Int

    /// Usage of one invocation.
    package init(
        milliseconds: Int, memoryMegabytes: Int, storeReads: Int, storeWrites: Int
    ) {
        self.milliseconds = milliseconds
        self.memoryMegabytes = memoryMegabytes
        self.storeReads = storeReads
        self.storeWrites = storeWrites
    }
}

/// Reason why one attempt failed: `failures/{unit}.{attempt}.json`.
package struct FailureRecord: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Request ID of the invocation.
    package var requestID: String
    /// Number of the attempt, from 1.
    package var attempt: Int
    /// One sentence without secrets or presigned URLs.
    package var error: String
    /// Last output of FFmpeg, if FFmpeg failed.
    package var detail: String?
    /// False if another attempt cannot help.
    package var willRetry: Bool
    /// Time of the failure.
    package var failedAt: UnixTime
    /// Party at fault; nil in records of earlier versions.
    package var failureClass: FailureClass?
    /// True if the function ended before it could record the failure itself.
    package var isCrash: Bool?

    /// The facts that decide about the next attempt.
    package var failedAttempt: FailedAttempt { .init(failureClass, isCrash: isCrash == true) }

    /// A failed attempt.
    package init(
        requestID: String, attempt: Int, error: String, detail: String?, willRetry: Bool,
        failedAt: UnixTime, _ failed: FailedAttempt
    ) {
        self.requestID = requestID
        self.attempt = attempt
        self.error = error
        self.detail = detail
        self.willRetry = willRetry
        self.failedAt = failedAt
        failureClass = failed.failureClass
        isCrash = failed.isCrash ? true : nil
    }

    private enum CodingKeys: String, CodingKey {
        case version, requestID = "requestId", attempt, error, detail, willRetry
        case failedAt = "milliseconds", failureClass = "class", isCrash
    }
}

/// Owner and dialect of a job, found by its ID alone: `jobs/{job}.json`, and the body of its
/// `active/` marker.
package struct JobPointer: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Text of the `OwnerID`.
    package var owner: String
    /// State names that the job's client reads.
    package var dialect: StatusDialect
    /// Time at which the export was accepted.
    package var createdAt: UnixTime
    private var storedRetention: StoredSeconds?

    /// The export's own retention in whole seconds; nil for that of the deployment.
    package var retention: Duration? {
        get { storedRetention?.duration }
        set { storedRetention = newValue.map { StoredSeconds(duration: $0) } }
    }

    /// Text of the `BatchID` that the export is an output of; nil for a single export.
    package var batch: String?

    /// A pointer to an export.
    package init(
        owner: OwnerID, dialect: StatusDialect, createdAt: UnixTime, batch: BatchID? = nil
    ) {
        self.owner = owner.text
        self.dialect = dialect
        self.createdAt = createdAt
        self.batch = batch?.text
    }

    private enum CodingKeys: String, CodingKey {
        case version, owner, dialect, createdAt = "createdAtMilliseconds", batch
        case storedRetention = "retentionSeconds"
    }
}

/// Job that a client token names: `tokens/{owner}/{digest}.json`.
package struct ClientTokenRecord: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Text of the `JobID`.
    package var jobID: String
    /// SHA-256 of the request body: the same token with another edit is a conflict.
    package var editDigest: String
    /// Time of the first request with the token.
    package var createdAt: UnixTime

    /// A token's job.
    package init(job: JobID, editDigest: String, createdAt: UnixTime) {
        jobID = job.text
        self.editDigest = editDigest
        self.createdAt = createdAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, jobID = "jobId", editDigest, createdAt = "createdAtMilliseconds"
    }
}
