import Jobs

/// A single export in ClipForge's words.
struct JobDocument: Encodable, Sendable {
    var jobId: String
    /// `pending`, `processing`, `completed` or `failed`.
    var status: String
    /// `waiting`, `active`, `completed` or `failed`.
    var state: String
    /// 10 accepted, 20 to 80 while rendering, 85 storing, 95 signing, 100 completed.
    var progress: Int?
    /// Only when completed.
    var downloadUrl: String?
    /// Only when failed.
    var error: String?
    /// Bytes; only when completed.
    var size: Int?
    var createdAt: String
    var finishedAt: String?

    /// The export as job-status reports it.
    init(_ status: ExportStatus, _ found: StatusDocument) {
        self.init(status.state, jobId: found.jobId, createdAt: found.createdAt)
        progress = found.progress
        downloadUrl = status.state == .completed ? found.downloadUrl : nil
        error = self.status == "failed" ? found.error : nil
        size = found.size
        finishedAt = found.finishedAt
    }

    /// An entry of a list.
    init(_ state: ExportState, jobId: String, createdAt: String) {
        self.jobId = jobId
        status = StatusDialect.clipforge.name(of: state)
        self.state = state.queueWord
        self.createdAt = createdAt
    }
}
