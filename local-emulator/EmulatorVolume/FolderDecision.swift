/// The contents of a job's folder.
struct FolderObservation: Hashable, Sendable {
    /// The state of `config.json`.
    enum Config: Hashable, Sendable {
        case missing
        /// JSON, with the digest of its bytes.
        case document(digest: String)
        /// Not a usable file, or not JSON; the reason is a sentence. It may be half written, unless
        /// it is settled: unchanged since the last look.
        case unusable(digest: String, reason: String, isSettled: Bool)
    }

    /// False if the folder was removed.
    var isPresent = true
    /// True if the name can be a job's.
    var isPlain = true
    var config: Config
    /// True if the folder has an entry `cancel`.
    var hasCancel = false
    /// True if the folder has a `status.json`. One that was removed and made again has none.
    var hasStatus = true
}

/// The next step for a job's folder. A pure function; the table is in FolderDecisionTests.
enum FolderDecision: Hashable, Sendable {
    case nothing
    /// Request the export, or request it again with the stored body.
    case start
    /// Write the reason why the config is not used.
    case refuse(String, digest: String)
    /// Follow the export's status.
    case follow
    /// Cancel the export.
    case cancel
    /// Say in `status.json` that the config was replaced after the end.
    case reportReplaced(digest: String)
    /// Remove the job from the database.
    case forget

    init(_ observation: FolderObservation, _ job: FolderJob?) {
        guard let job else {
            self = Self.beginning(observation)
            return
        }
        switch job.state {
        case .refused:
            guard observation.isPresent else {
                self = .forget
                return
            }
            switch observation.config {
            case .missing: self = .nothing
            case .document(let digest), .unusable(let digest, _, _):
                let isKnown = digest == job.digest && observation.hasStatus
                self = isKnown ? .nothing : Self.beginning(observation)
            }
        case .starting: self = .start
        case .running:
            self = observation.hasCancel || !observation.isPresent ? .cancel : .follow
        case .ended:
            guard observation.isPresent else {
                self = .forget
                return
            }
            switch observation.config {
            case .document(job.digest) where !observation.hasStatus: self = .follow
            case .document(let digest): self = .reportReplaced(digest: digest)
            case .unusable(let digest, _, let isSettled):
                self = isSettled ? .reportReplaced(digest: digest) : .nothing
            case .missing: self = .nothing
            }
        }
    }

    private static func beginning(_ observation: FolderObservation) -> FolderDecision {
        guard observation.isPresent else { return .nothing }
        switch observation.config {
        case .missing: return .nothing
        case .document(let digest), .unusable(let digest, _, true):
            guard observation.isPlain else {
                return .refuse(JobFolderName.rule, digest: digest)
            }
            guard !observation.hasCancel else {
                return .refuse("The job was cancelled before it began.", digest: digest)
            }
            if case .unusable(_, let reason, _) = observation.config {
                return .refuse(reason, digest: digest)
            }
            return .start
        case .unusable(_, _, false): return .nothing
        }
    }
}
