import Crypto
import EmulatorDatabase
import EmulatorStore
import JSON
import Logging

/// The folders `exports/{jobId}`: a config starts an export, whose status and result are written
/// next to it.
///
/// A scan looks at every folder, decides (`FolderDecision`) and performs. The database keeps the
/// request of each job before it is sent, with a client token of the folder's name: a process
/// that is killed anywhere continues with the same export.
actor JobFolders {
    private let exports: ExportsFolder
    private let library: MediaLibrary
    private let authorization: String?
    private let watch: FolderWatch?
    /// The last look: an unusable config is settled when it is unchanged since.
    private var last: ExportsFolder.Look?
    /// Digests of the configs that were compared with those of ended jobs.
    private var compared: [String: String] = [:]
    private var hasWarned = false

    private var api: VolumeAPI { library.api }
    private var database: Database { library.database }
    private var logger: Logger { library.logger }

    init(
        _ exports: ExportsFolder, _ library: MediaLibrary, authorization: String?,
        watch: FolderWatch?
    ) {
        self.exports = exports
        self.library = library
        self.authorization = authorization
        self.watch = watch
    }

    /// Looks at every folder once.
    func scan() async throws {
        let jobs = try await database.read { try FolderJob.all(in: $0) }
        var known = Dictionary(uniqueKeysWithValues: jobs.map { ($0.folder, $0) })
        let (marker, before, all) = (try await marker(), last, known)
        let look = try await library.thread.run { [exports] () throws(VolumeFault) in
            exports.look(at: all, marker: marker, after: before)
        }
        guard look.isMounted else {
            if !hasWarned {
                logger.warning("Exports folder is missing or was replaced")
                hasWarned = true
            }
            return
        }
        hasWarned = false
        last = look
        compared = compared.filter { look.folders[$0.key] != nil }
        for name in look.folders.keys.sorted() {
            guard let folder = look.folders[name] else { continue }
            try Task.checkCancellation()
            watch?.add(folder.folder)
            try await perform(folder.observation, known.removeValue(forKey: name), folder)
        }
        for (name, job) in known {
            let gone = FolderObservation(isPresent: false, config: .missing)
            try await perform(
                gone, job, Folder(name: name, observation: gone, folder: exports.root))
        }
    }

    /// The text that marks the folder as the one that this database is about.
    private func marker() async throws -> String {
        let fresh = hex(randomBytes(count: 16))
        return try await database.transaction { connection in
            try connection.execute("INSERT OR IGNORE INTO volume_marker VALUES(1,?)", fresh)
            return try connection.query("SELECT text FROM volume_marker").first?.text("text")
                ?? fresh
        }
    }

    typealias Folder = ExportsFolder.JobFolder

    private func perform(
        _ observation: FolderObservation, _ job: FolderJob?, _ folder: Folder
    ) async throws {
        switch FolderDecision(observation, job) {
        case .nothing: return
        case .forget:
            try await database.transaction { try FolderJob.forget(folder.name, in: $0) }
        case .refuse(let reason, let digest):
            try await end(
                FolderJob(folder: folder.name, digest: digest, state: .refused),
                FolderStatus(jobID: folder.name, .failed, error: reason), folder)
        case .start:
            if let job, job.state == .starting {
                try await request(job, folder, paths: [])
            } else {
                try await start(observation, folder)
            }
        case .follow: if let job { try await follow(job, folder) }
        case .cancel: if let job { try await cancel(job, folder) }
        case .reportReplaced(let digest):
            if let job { try await reportReplaced(job, digest, folder) }
        }
    }

    // MARK: Start

    private func start(_ observation: FolderObservation, _ folder: Folder) async throws {
        guard let config = folder.config, case .document(let digest) = observation.config else {
            return
        }
        let refused = FolderJob(folder: folder.name, digest: digest, state: .refused)
        guard case .object(var fields) = config else {
            let status = FolderStatus(
                jobID: folder.name, .failed, error: "config.json must be an object.")
            return try await end(refused, status, folder)
        }
        fields["clientToken"] = .string("volume:\(folder.name)")
        try await write(FolderStatus(jobID: folder.name, .pending), folder)
        let resolved: ResolvedConfig
        do {
            resolved = try await ResolvedConfig(
                .object(fields), library: library, authorization: authorization)
        } catch let error as ConfigFaults {
            return try await end(
                refused, FolderStatus(jobID: folder.name, refusal: error.faults), folder)
        } catch MediaLibrary.Refusal.answer(let answer) {
            guard !answer.isTransient else { return }
            let status = FolderStatus(jobID: folder.name, .failed, error: answer.error)
            return try await end(refused, status, folder)
        }
        let text = String(decoding: resolved.body.bytes, as: UTF8.self)
        let job = FolderJob(
            folder: folder.name, digest: digest, body: text, state: .starting)
        try await database.transaction { try job.save(in: $0) }
        try await request(job, folder, paths: resolved.paths)
    }

    /// Requests the export; a repeated request is answered with the same export.
    private func request(_ job: FolderJob, _ folder: Folder, paths: Set<Int>) async throws {
        guard let body = try? JSONValue(parsing: Array(job.body.utf8)) else { return }
        let answer = await api.call("POST", "/api/export", body, authorization: authorization)
        if answer.isTransient { return }
        var job = job
        guard answer.status == 202, let export = answer.body["jobId"]?.text else {
            job.state = .refused
            job.body = ""
            let status: FolderStatus
            if answer.status == 409 {
                status = FolderStatus(
                    jobID: folder.name, .failed,
                    error: "The jobId \(folder.name) was used for another config; use a new one.")
            } else {
                let config = ResolvedConfig(body: body, paths: paths)
                let faults = answer.faults.map { config.placed($0) }
                status =
                    faults.isEmpty
                    ? FolderStatus(jobID: folder.name, .failed, error: answer.error)
                    : FolderStatus(jobID: folder.name, refusal: faults)
            }
            return try await end(job, status, folder)
        }
        job.export = export
        job.state = .running
        let saved = job
        try await database.transaction { try saved.save(in: $0) }
        logger.info(
            "Export of a folder started",
            ["folder": .string(folder.name), "exportId": .string(export)])
        if folder.observation.isPresent { try await follow(job, folder) }
    }

    // MARK: Follow

    private func follow(_ job: FolderJob, _ folder: Folder) async throws {
        guard let export = job.export else { return }
        let answer = await exportStatus(export)
        if answer.isTransient { return }
        guard answer.status == 200 else {
            var status = FolderStatus(jobID: folder.name, .failed, error: answer.error)
            status.exportID = export
            return try await end(job, status, folder)
        }
        var status = FolderStatus(jobID: folder.name, export: export, answer: answer.body)
        if status.status == .completed {
            guard let output = Self.output(answer.body) else { return }
            let placed = try await library.store.place(
                output.key, in: folder.folder.descriptor, as: output.name,
                temporary: ".\(output.name).tmp")
            guard placed != nil else { return }
            (status.output, status.size) = (output.name, answer.body["size"]?.integer)
        }
        if status.status == .completed || status.status == .failed {
            return try await end(job, status, folder)
        }
        try await update(job, status, folder)
    }

    /// The object that the answer's download URL names, and the result's name in the folder.
    private static func output(_ answer: JSONValue) -> (key: String, name: String)? {
        guard let key = answer["outputKey"]?.text ?? answer["downloadUrl"]?.text.flatMap(key(of:))
        else { return nil }
        let ending = key.split(separator: ".").last.map(String.init) ?? "mp4"
        return (key, "output.\(ending)")
    }

    /// `http://host/bucket/key?query`.
    private static func key(of url: String) -> String? {
        let path = url.prefix { $0 != "?" }.split(separator: "/", maxSplits: 3)
        guard path.count == 4 else { return nil }
        return String(path[3])
    }

    private func cancel(_ job: FolderJob, _ folder: Folder) async throws {
        guard let export = job.export else { return }
        if folder.observation.isPresent {
            // An export that has ended keeps its result; DELETE would remove it.
            let last = await exportStatus(export)
            if last.isTransient { return }
            let known = FolderStatus(jobID: folder.name, export: export, answer: last.body)
            if last.status == 200, known.status == .completed || known.status == .failed {
                return try await follow(job, folder)
            }
        }
        let answer = await api.call(
            "DELETE", "/api/export/\(export)", authorization: authorization)
        if answer.isTransient { return }
        logger.info(
            "Export of a folder cancelled",
            ["folder": .string(folder.name), "exportId": .string(export)])
        guard folder.observation.isPresent else {
            return try await database.transaction { try FolderJob.forget(folder.name, in: $0) }
        }
        var status = FolderStatus(
            jobID: folder.name, .failed, error: "The export was cancelled.")
        status.exportID = export
        try await end(job, status, folder)
    }

    private func exportStatus(_ export: String) async -> VolumeAPI.Answer {
        await api.call("GET", "/api/export/\(export)/status", authorization: authorization)
    }

    private func reportReplaced(
        _ job: FolderJob, _ digest: String, _ folder: Folder
    ) async throws {
        guard compared[folder.name] != digest || !folder.observation.hasStatus else { return }
        compared[folder.name] = digest
        guard digest != job.digest else {
            // The first config is back, or was never replaced.
            return try await write(Array(job.status.utf8), folder)
        }
        var status = FolderStatus(
            jobID: folder.name, .failed,
            error: "config.json was replaced after the export had ended; use a new jobId. The"
                + " result of the first config is kept.")
        status.exportID = job.export
        try await write(status, folder)
    }

    // MARK: Writing

    /// Writes the last status, then remembers that the job has ended.
    private func end(_ job: FolderJob, _ status: FolderStatus, _ folder: Folder) async throws {
        var job = job
        if job.state != .refused { job.state = .ended }
        try await update(job, status, folder)
        if let error = status.error {
            logger.warning(
                "Export of a folder failed",
                ["folder": .string(folder.name), "error": .string(error)])
        }
    }

    private func update(_ job: FolderJob, _ status: FolderStatus, _ folder: Folder) async throws {
        try await write(status, folder)
        var job = job
        let text = String(decoding: status.bytes, as: UTF8.self)
        guard job.status != text || job.state != .running else { return }
        job.status = text
        let saved = job
        try await database.transaction { try saved.save(in: $0) }
    }

    private func write(_ status: FolderStatus, _ folder: Folder) async throws {
        try await write(status.bytes, folder)
    }

    /// Writes `status.json` unless it has these bytes.
    private func write(_ bytes: [UInt8], _ folder: Folder) async throws {
        guard folder.observation.isPresent else { return }
        try await library.thread.run { () throws(VolumeFault) in
            let stored = try? folder.folder.file(named: ExportsFolder.statusName)
            if let stored, OpenFolder.read(stored, bytesMax: bytes.count) == bytes { return }
            _ = folder.folder.write(bytes, to: ExportsFolder.statusName)
        }
    }
}

extension ResolvedConfig {
    /// A config that was resolved before.
    init(body: JSONValue, paths: Set<Int>) {
        self.body = body
        self.paths = paths
    }
}

extension FolderStatus {
    /// The refusal of a config.
    init(jobID: String, refusal faults: [FieldFault]) {
        let sentence = faults.map { "\($0.pointer) \($0.detail)" }.joined(separator: "; ")
        self.init(
            jobID: jobID, .failed, error: "config.json is not valid: \(sentence).", faults: faults)
    }
}
