import Jobs
import MediaTime
import WallClock

/// An export as clients read it, with its chunks and frames.
struct StatusDocument: Encodable {
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
    /// State in the client's dialect.
    var status: String
    /// State in Spool's words.
    var state: String
    var phase: String
    /// 0 to 100; never decreases.
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
    /// Doubts about the sources, the texts and the renders; nil for none.
    var warnings: [WarningDocument]?
    var createdAt: String
    var finishedAt: String?
    /// RFC 3339; the export is removed then.
    var expiresAt: String?

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
        audio = !status.hasAudio ? "none" : status.isAudioDone ? "done" : "rendering"
        error = status.result?.error
        size = status.result?.output?.bytes
        contentType = status.result?.output?.contentType
        duration = status.result?.output?.durationSeconds
        check = status.result?.check
        usage = status.result?.usage
        createdAt = pointer.createdAt.rfc3339
        finishedAt = status.result.map { $0.finishedAt.rfc3339 }
    }
}
