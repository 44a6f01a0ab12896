import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import MediaTime
import RenderPlans
import WallClock

/// Checks the files of a batch and writes its record.
struct BatchIntake: Sendable {
    let owner: OwnerID
    let dependencies: CreateBatch.Dependencies

    private var bucket: any Bucket { dependencies.bucket }

    /// The reason why a file cannot be in a batch.
    fileprivate enum Refusal: Error {
        case tooLarge(FieldFault)
        case unusable(FieldFault)

        var fault: FieldFault {
            switch self {
            case .tooLarge(let fault), .unusable(let fault): fault
            }
        }
    }

    /// Accepts a form whose files are in the store. A refused form leaves no file.
    /// - Throws: 413 if a file is too large, else a 400 problem; both name every fault.
    func accept(_ form: StoredForm) async throws -> BatchRecord {
        var faults = form.faults(dependencies.limits)
        let settings = BatchSettings(fields: form.fields, &faults)
        let isTooLarge = form.refused.contains { $0.reason == "tooLarge" }
        if form.files.isEmpty, form.refused.isEmpty {
            faults.append(FieldFault(pointer: "/files", detail: "must have at least one video"))
        }
        let files = Array(form.files.enumerated())
        var refusals: [Refusal] = []
        var accepted: [BatchRecord.File] = []
        for result in try await concurrentMap(
            files, limit: 4,
            { index, file in
                try await examine(file, at: "/files/\(index)")
            })
        {
            switch result {
            case .success(let file): accepted.append(file)
            case .failure(let refusal): refusals.append(refusal)
            }
        }
        faults += refusals.map(\.fault)
        guard faults.isEmpty, let settings else {
            for file in form.files { try await delete(file) }
            throw Self.problem(
                faults, isTooLarge: isTooLarge || refusals.contains(where: \.isTooLarge))
        }
        return try await write(accepted, settings)
    }

    /// Accepts `{assets, variations, priority?, delete_uploads?}`.
    /// - Throws: 413 if a file is too large, else a 400 problem; both name every fault.
    func accept(_ body: JSONValue) async throws -> BatchRecord {
        var reader = JSONReader()
        guard let object = reader.object(JSONNode(body, .root)) else {
            throw Problem.invalid(reader.faults)
        }
        let assets = reader.required("assets", of: object)
            .flatMap { reader.array($0, maximum: BatchLimits.fileCountMax) }
        if assets?.isEmpty == true {
            reader.report("must have at least one asset", at: object.pointer.appending("assets"))
        }
        let isUpload = object["delete_uploads"].flatMap { reader.flag($0) } ?? false
        let ids = (assets ?? []).map { reader.text($0, lengthMax: 128) }
        guard let settings = BatchSettings(object, &reader), reader.faults.isEmpty else {
            throw Problem.invalid(reader.faults)
        }
        let found = try await concurrentMap(Array(ids.enumerated()), limit: 8) { index, id in
            try await asset(id ?? "", isUpload: isUpload, at: "/assets/\(index)")
        }
        var files: [BatchRecord.File] = []
        var refusals: [Refusal] = []
        for result in found {
            switch result {
            case .success(let file): files.append(file)
            case .failure(let refusal): refusals.append(refusal)
            }
        }
        guard refusals.isEmpty else {
            throw Self.problem(
                refusals.map(\.fault), isTooLarge: refusals.contains(where: \.isTooLarge))
        }
        return try await write(files, settings)
    }

    private static func problem(_ faults: [FieldFault], isTooLarge: Bool) -> Problem {
        var problem = Problem.invalid(faults)
        if isTooLarge { (problem.status, problem.title) = (413, "Content too large") }
        return problem
    }

    /// Turns a stored file into an asset. Of the form, only the file name is trusted.
    private func examine(
        _ file: StoredForm.File, at pointer: String
    ) async throws -> Result<BatchRecord.File, Refusal> {
        let key = ObjectKey(file.key)
        let name = JSONReader.quoted(file.filename)
        guard let keys = ownKeys(file), let info = try await bucket.objectInfo(key) else {
            return .failure(
                .unusable(FieldFault(pointer: pointer, detail: "\(name) is not stored")))
        }
        let upload = UploadRecord(
            fileName: file.filename, contentType: info.contentType ?? file.contentType,
            bytes: nil, key: key.text, uploadID: nil, createdAt: dependencies.now(),
            isForBatch: true)
        _ = try await bucket.createDocument(upload, at: keys.upload)
        let intake = AssetIntake(
            keys: keys, bucket: bucket, renderer: dependencies.renderer, now: dependencies.now,
            bytesMax: dependencies.limits.fileBytesMax)
        return check(
            try await intake.record(), name: file.filename, isUpload: true, at: pointer)
    }

    private func asset(
        _ id: String, isUpload: Bool, at pointer: String
    ) async throws -> Result<BatchRecord.File, Refusal> {
        let unknown = Refusal.unusable(
            FieldFault(pointer: pointer, detail: "is not one of your assets"))
        guard let asset = AssetID(id) else { return .failure(unknown) }
        let record = try await bucket.document(
            AssetRecord.self, at: AssetKeys(owner: owner, asset: asset).record)
        guard let record else { return .failure(unknown) }
        return check(record, name: record.fileName, isUpload: isUpload, at: pointer)
    }

    private func check(
        _ record: AssetRecord, name: String, isUpload: Bool, at pointer: String
    ) -> Result<BatchRecord.File, Refusal> {
        let quoted = JSONReader.quoted(name)
        let limit = dependencies.limits.fileBytesMax
        guard record.bytes <= limit else {
            return .failure(
                .tooLarge(
                    FieldFault(
                        pointer: pointer, detail: "\(quoted) has more than \(limit) bytes")))
        }
        guard record.status == .ready, record.media?.video != nil,
            record.contentType.hasPrefix("video/")
        else {
            let reason = record.error.map { ": \($0)" } ?? ""
            return .failure(
                .unusable(
                    FieldFault(pointer: pointer, detail: "\(quoted) is not a video\(reason)")))
        }
        return .success(
            BatchRecord.File(
                assetID: record.id, name: name, bytes: record.bytes, isUpload: isUpload))
    }

    /// The keys of a stored file; nil if it is not the caller's upload.
    private func ownKeys(_ file: StoredForm.File) -> AssetKeys? {
        guard let keys = AssetKeys(uploadKey: ObjectKey(file.key)), keys.owner == owner else {
            return nil
        }
        return keys
    }

    private func delete(_ file: StoredForm.File) async throws {
        guard let keys = ownKeys(file) else { return }
        // No edit can have named an asset that was never reported.
        let entries = ([nil] + AssetKeys.Kind.allCases).map {
            keys.listEntry($0, fileName: file.filename)
        }
        for key in [keys.record, ObjectKey(file.key)] + entries + [keys.upload] {
            try await bucket.deleteObject(key)
        }
    }

    /// Writes the record, the marker, the list's entry and the request that starts the batch.
    /// Once the marker exists, the sweep completes what an interruption left out.
    private func write(
        _ files: [BatchRecord.File], _ settings: BatchSettings
    ) async throws -> BatchRecord {
        let id = BatchID(time: dependencies.now(), random: dependencies.randomText(20))
        let seed = dependencies.randomText(16).utf8.reduce(UInt64(0)) { $0 &* 131 &+ UInt64($1) }
        let record = BatchRecord(
            id: id, files: files, variations: settings.variations,
            seed: Int(seed % UInt64(Limits.seedMax)), priority: settings.priority)
        let keys = BatchKeys(owner: owner, batch: id)
        try await bucket.putDocument(record, at: keys.record)
        try await bucket.putDocument(
            BatchMarker(owner: owner, priority: settings.priority), at: keys.active)
        _ = try await bucket.createDocument(["version": 1], at: keys.recent)
        try await BatchLedger(bucket: bucket, keys: keys, now: dependencies.now)
            .requestAdvance()
        return record
    }
}

extension BatchIntake.Refusal {
    fileprivate var isTooLarge: Bool {
        if case .tooLarge = self { true } else { false }
    }
}
