import Crypto
import EmulatorDatabase
import EmulatorHTTP
import EmulatorStore
import JSON
import Logging

/// Turns files of the media folder into assets without copying them where the file system can
/// avoid it.
///
/// A file is an asset once: the database keeps the asset of each file by its identity (device,
/// number, size, time of its last change) and caller. Each step may be repeated after a crash.
struct MediaLibrary: Sendable {
    let root: OpenFolder
    let rootPath: String
    let api: VolumeAPI
    let store: ObjectStoreServer
    let database: Database
    let thread: VolumeThread
    let logger: Logger

    /// The reason why a source cannot be used.
    enum Refusal: Error, Sendable {
        /// The rest of a sentence that begins with the field.
        case fault(VolumeFault)
        /// The API refused the caller, or is not available.
        case answer(VolumeAPI.Answer)
    }

    /// The asset of a file.
    /// - Parameter authorization: The caller's header, with which the API is called.
    func asset(
        of text: String, authorization: String?
    ) async throws -> String {
        let file: OpenFolder.File
        let path: VolumePath
        do throws(VolumeFault) {
            path = try VolumePath(text, below: rootPath)
            file = try await thread.run { [root] () throws(VolumeFault) in try root.file(path) }
        } catch {
            throw Refusal.fault(error)
        }
        let stamp = file.stamp
        let identity = sha256Hex(
            "\(authorization ?? "") \(stamp.device) \(stamp.number) \(stamp.bytes)"
                + " \(stamp.changedNanoseconds)")
        if let known = try await known(identity) {
            let done = try await intake(file, path, known, authorization)
            if done.status != 404 { return try ready(done, known.asset) }
            try await forget(identity)
        }
        let made = try await grant(path, identity, authorization)
        return try ready(try await intake(file, path, made, authorization), made.asset)
    }

    /// An asset and the key of its upload.
    private struct Known: Sendable {
        var asset: String
        var key: String
    }

    private func known(_ identity: String) async throws -> Known? {
        try await database.read { connection in
            try connection.query("SELECT * FROM volume_sources WHERE identity = ?", identity)
                .first.map { Known(asset: try $0.text("asset"), key: try $0.text("key")) }
        }
    }

    private func forget(_ identity: String) async throws {
        try await database.transaction { connection in
            try connection.execute("DELETE FROM volume_sources WHERE identity = ?", identity)
        }
    }

    /// Reserves an asset; of two concurrent calls for one file, both get the first one's.
    private func grant(
        _ path: VolumePath, _ identity: String, _ authorization: String?
    ) async throws -> Known {
        // The call that announces no size: the file is not sent, and needs no space.
        let answer = await api.call(
            "POST", "/api/uppy/s3/multipart",
            ["filename": .string(path.fileName), "type": .string(path.contentType)],
            authorization: authorization)
        guard answer.status == 200, let asset = answer.body["assetId"]?.text,
            let key = answer.body["key"]?.text
        else {
            guard answer.status != 400, answer.status != 413 else {
                throw Refusal.fault(VolumeFault("cannot be used: \(answer.error)"))
            }
            throw Refusal.answer(answer)
        }
        return try await database.transaction { connection in
            try connection.execute(
                "INSERT OR IGNORE INTO volume_sources VALUES(?,?,?)", identity, asset, key)
            let row = try connection.query(
                "SELECT * FROM volume_sources WHERE identity = ?", identity
            ).first
            return Known(
                asset: try row?.text("asset") ?? asset, key: try row?.text("key") ?? key)
        }
    }

    /// Puts the file into the store unless it is there, and lets complete-upload examine it.
    private func intake(
        _ file: OpenFolder.File, _ path: VolumePath, _ known: Known, _ authorization: String?
    ) async throws -> VolumeAPI.Answer {
        if try await !store.hasObject(known.key) {
            do {
                let transfer = try await store.takeOver(
                    file.descriptor, as: known.key, contentType: path.contentType)
                logger.info(
                    "File taken over",
                    [
                        "path": .string(path.components.joined(separator: "/")),
                        "assetId": .string(known.asset), "bytes": .integer(file.stamp.bytes),
                        "transfer": .string(transfer.rawValue),
                    ])
            } catch let error as FileTransferError {
                throw Refusal.fault(VolumeFault("cannot be used: \(error.sentence)"))
            }
        }
        return await api.call(
            "POST", "/api/upload/complete", ["assetId": .string(known.asset)],
            authorization: authorization)
    }

    private func ready(_ answer: VolumeAPI.Answer, _ asset: String) throws -> String {
        switch answer.status {
        case 200: return asset
        case 409, 422: throw Refusal.fault(VolumeFault("cannot be used: \(answer.error)"))
        default: throw Refusal.answer(answer)
        }
    }
}

/// A multicam config whose files are replaced by assets.
struct ResolvedConfig: Sendable {
    var body: JSONValue
    /// Indexes of the sources that named a file.
    var paths: Set<Int>

    /// True if a source of the config names a file.
    static func namesFiles(_ body: JSONValue) -> Bool {
        guard case .array(let sources)? = body["sources"] else { return false }
        return sources.contains { $0["path"]?.text != nil }
    }

    /// Replaces `path` by `assetId` in every source.
    /// - Throws: `MediaLibrary.Refusal` with `.answer`; every other fault in `ConfigFaults`.
    init(_ body: JSONValue, library: MediaLibrary, authorization: String?) async throws {
        self.body = body
        paths = []
        guard case .object(var fields) = body, case .array(var sources)? = fields["sources"] else {
            return
        }
        var faults: [FieldFault] = []
        for index in sources.indices {
            guard case .object(var source) = sources[index], let path = source["path"]?.text,
                source["assetId"] ?? .null == .null, source["key"] ?? .null == .null
            else { continue }
            do {
                source["assetId"] = .string(
                    try await library.asset(of: path, authorization: authorization))
                source["path"] = nil
                sources[index] = .object(source)
                paths.insert(index)
            } catch MediaLibrary.Refusal.fault(let fault) {
                faults.append(
                    FieldFault(pointer: "/sources/\(index)/path", detail: fault.detail))
            }
        }
        guard faults.isEmpty else { throw ConfigFaults(faults: faults) }
        fields["sources"] = .array(sources)
        self.body = .object(fields)
    }

    /// The fault with the name of the field that the caller wrote.
    func placed(_ fault: FieldFault) -> FieldFault {
        let parts = fault.pointer.split(separator: "/")
        guard parts.count == 3, parts[0] == "sources", parts[2] == "assetId",
            let index = Int(parts[1]), paths.contains(index)
        else { return fault }
        return FieldFault(pointer: "/sources/\(index)/path", detail: fault.detail)
    }
}

/// Every fault of a config's files.
struct ConfigFaults: Error, Sendable {
    var faults: [FieldFault]
}
