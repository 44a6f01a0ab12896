import Crypto
import JSON

/// The folder of the job folders: a look at all of them, in blocking calls.
struct ExportsFolder: Sendable {
    let root: OpenFolder

    static let configName = "config.json"
    static let statusName = "status.json"
    static let cancelName = "cancel"
    private static let markerName = ".spool-volume"
    /// A request's body has at most 6 MB (Lambda).
    private static let configBytesMax = 6_000_000

    /// A job's folder.
    struct JobFolder: Sendable {
        var name: String
        var observation: FolderObservation
        var folder: OpenFolder
        /// The config, unless it is missing, is not JSON, or was not read again.
        var config: JSONValue?
        /// Identity of the config's bytes; empty without a config.
        var stamp = ""
    }

    /// The result of a look.
    struct Look: Sendable {
        /// False if this is not the folder that the database is about: it is not mounted.
        var isMounted: Bool
        var folders: [String: JobFolder] = [:]
        /// Digests of the unusable configs by folder.
        var unsettled: [String: String] = [:]
        /// The configs of finished jobs by folder, which are not read again.
        var finished: [String: Finished] = [:]
    }

    /// The config of a finished job.
    struct Finished: Hashable, Sendable {
        var stamp: String
        var config: FolderObservation.Config
    }

    /// - Parameters:
    ///   - known: The jobs of the database.
    ///   - marker: Text of the file that marks the folder; written if there are no jobs yet.
    ///   - last: The previous scan; nil for the first.
    func look(at known: [String: FolderJob], marker: String, after last: Look?) -> Look {
        guard isMarked(marker, mayWrite: known.isEmpty) else { return Look(isMounted: false) }
        var look = Look(isMounted: true)
        for name in root.names() where !name.hasPrefix(".") {
            guard let folder = root.folder(name) else { continue }
            var job = JobFolder(
                name: name, observation: FolderObservation(config: .missing), folder: folder)
            job.observation.isPlain = JobFolderName.isPlain(name)
            job.observation.hasCancel = folder.has(Self.cancelName)
            job.observation.hasStatus = folder.has(Self.statusName)
            let isFinished =
                [.ended, .refused].contains(known[name]?.state) && job.observation.hasStatus
            readConfig(of: &job, last?.unsettled[name], isFinished ? last?.finished[name] : nil)
            if case .unusable(let digest, _, _) = job.observation.config {
                look.unsettled[name] = digest
            }
            look.finished[name] = Finished(stamp: job.stamp, config: job.observation.config)
            look.folders[name] = job
        }
        return look
    }

    /// True if the folder has the marker. A folder below a missing mount does not, and its jobs
    /// are not taken for removed.
    private func isMarked(_ marker: String, mayWrite: Bool) -> Bool {
        let stored = (try? root.file(named: Self.markerName)).flatMap {
            OpenFolder.read($0, bytesMax: 1_024)
        }
        if stored == Array(marker.utf8) { return true }
        return mayWrite && root.write(Array(marker.utf8), to: Self.markerName)
    }

    private func readConfig(
        of job: inout JobFolder, _ before: String?, _ finished: Finished?
    ) {
        guard job.folder.has(Self.configName) else { return }
        func unusable(_ digest: String, _ reason: String) -> FolderObservation.Config {
            .unusable(digest: digest, reason: reason, isSettled: before == digest)
        }
        let file: OpenFolder.File
        do throws(VolumeFault) {
            file = try job.folder.file(named: Self.configName)
        } catch {
            job.observation.config = unusable(error.detail, "config.json \(error.detail).")
            return
        }
        let stamp = "\(file.stamp.number) \(file.stamp.bytes) \(file.stamp.changedNanoseconds)"
        job.stamp = stamp
        if let finished, finished.stamp == stamp, case .document = finished.config {
            job.observation.config = finished.config
            return
        }
        guard file.stamp.bytes <= Self.configBytesMax else {
            job.observation.config = unusable(
                stamp, "config.json has more than \(Self.configBytesMax) bytes.")
            return
        }
        guard let bytes = OpenFolder.read(file, bytesMax: Self.configBytesMax) else {
            job.observation.config = unusable(stamp, "config.json cannot be read.")
            return
        }
        let digest = hex(sha256(bytes))
        do throws(JSONSyntaxError) {
            job.config = try JSONValue(parsing: bytes)
            job.observation.config = .document(digest: digest)
        } catch {
            job.observation.config = unusable(
                digest,
                "config.json is not JSON: \(error.reason) at byte \(error.offsetBytes).")
        }
    }
}
