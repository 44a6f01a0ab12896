import Jobs
import WallClock

/// A batch in Video Refresher's words.
struct BatchDocument: Encodable, Sendable {
    struct File: Encodable, Sendable {
        var name: String
        var size: Int
    }

    struct Progress: Encodable, Sendable {
        var currentFile: String
        var currentVariation: Int
        var totalVariations: Int
        var percent: Int

        private enum CodingKeys: String, CodingKey {
            case currentFile = "current_file", currentVariation = "current_variation"
            case totalVariations = "total_variations", percent
        }
    }

    struct Output: Encodable, Sendable {
        var id: String
        var name: String
        /// Bytes; 0 until the output is complete.
        var size: Int
        var ready: Bool
        /// `pending`, `processing`, `complete`, `failed` or `cancelled`.
        var status: String
        var error: String?
    }

    var jobID: String
    var status: String
    var files: [File]
    var variations: Int
    var totalOutputs: Int
    var priority: String?
    var progress: Progress?
    var results: [Output]?
    var errorMessage: String?
    var createdAt: String
    var expiresAt: String?
    var finishedAt: String?

    private enum CodingKeys: String, CodingKey {
        case jobID = "job_id", status, files, variations, totalOutputs = "total_outputs"
        case priority, progress, results, errorMessage = "error_message"
        case createdAt = "created_at", expiresAt = "expires_at", finishedAt = "finished_at"
    }

    /// The response to the request that made the batch.
    init(accepted record: BatchRecord) {
        jobID = record.id
        status = BatchState.queued.rawValue
        files = record.files.map { File(name: $0.name, size: $0.bytes) }
        variations = record.variations
        totalOutputs = record.outputCount
        createdAt = record.createdAt.rfc3339
    }

    /// The batch with its progress and the results that are ready.
    init(_ found: BatchStatus) {
        self.init(accepted: found.record)
        status = found.state.rawValue
        priority = found.record.priority.rawValue
        let current = found.progress
        progress = Progress(
            currentFile: current.file, currentVariation: current.variation,
            totalVariations: found.record.variations, percent: current.percent)
        results = zip(found.record.outputs, found.members).map { output, member in
            Output(
                id: output.job.text, name: output.name, size: member.output?.bytes ?? 0,
                ready: member.output != nil, status: Self.word(member.state),
                error: member.error)
        }
        errorMessage = found.error
        expiresAt = found.record.expiresAt.rfc3339
        finishedAt = found.finishedAt?.rfc3339
    }

    /// A batch that has ended, without its results: a list reads no exports for it.
    init(_ record: BatchRecord, ended result: BatchResult) {
        self.init(accepted: record)
        status = result.state.rawValue
        priority = record.priority.rawValue
        errorMessage = result.error
        expiresAt = record.expiresAt.rfc3339
        finishedAt = result.finishedAt.rfc3339
    }

    private static func word(_ state: ExportState) -> String {
        state == .queued ? "pending" : StatusDialect.refresher.name(of: state)
    }
}
