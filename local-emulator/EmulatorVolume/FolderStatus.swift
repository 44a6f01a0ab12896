import JSON

/// The content of `status.json`.
struct FolderStatus: Hashable, Sendable {
    enum Word: String, Sendable { case pending, processing, completed, failed }

    var jobID: String
    var status: Word
    /// 0 to 100.
    var progress = 0
    var exportID: String?
    /// Nil unless failed.
    var error: String?
    /// Each fault of the config with its place.
    var faults: [FieldFault] = []
    /// Name of the result in the folder.
    var output: String?
    /// Bytes of the result.
    var size: Int?

    /// The file's bytes.
    var bytes: [UInt8] {
        JSONOutput.compact([
            ("jobId", .string(jobID)),
            ("status", .string(status.rawValue)),
            ("progress", .integer(progress)),
            ("exportId", .optional(exportID)),
            ("error", .optional(error)),
            ("errors", faults.isEmpty ? nil : .array(faults.map(Self.fault))),
            ("output", .optional(output)),
            ("size", size.map { .integer($0) }),
        ]).bytes + [UInt8(ascii: "\n")]
    }

    private static func fault(_ fault: FieldFault) -> JSONOutput {
        .object([("pointer", .string(fault.pointer)), ("detail", .string(fault.detail))])
    }

    init(jobID: String, _ status: Word, error: String? = nil, faults: [FieldFault] = []) {
        self.jobID = jobID
        self.status = status
        self.error = error
        self.faults = faults
    }

    /// The status that job-status answered.
    init(jobID: String, export: String, answer: JSONValue) {
        self.jobID = jobID
        exportID = export
        switch answer["state"]?.text ?? answer["status"]?.text ?? "" {
        case "queued", "pending", "waiting": status = .pending
        case "completed": status = .completed
        case "failed", "cancelled", "expired": status = .failed
        default: status = .processing
        }
        progress = answer["progress"]?.integer ?? 0
        if status == .failed { error = answer["error"]?.text ?? "The export failed." }
    }
}
