import FoundationEssentials

import AWSSignature
import Editing
import FFmpeg
import Jobs
import ObjectStore

struct Acceptance: Encodable {
    var jobId: String
    var status: String
    /// What an OpenTimelineIO document says that was left out.
    var dropped: [EditFault]?
    /// Where frames may be copied: what is expected of each chunk.
    var chunks: [PlannedChunk]?
}

struct PlannedChunk: Encodable {
    var start: Int
    var end: Int
    var rendering: RenderPlan.ChunkRendering.Kind
    var because: String

    init(_ frames: FrameRange, _ rendering: RenderPlan.ChunkRendering) {
        (start, end) = (frames.start, frames.end)
        (self.rendering, because) = (rendering.kind, rendering.because)
    }
}

extension RenderPlan {
    /// What is expected of each chunk, where frames may be copied.
    var plannedChunks: [PlannedChunk]? {
        renderings.map { zip(chunks, $0).map(PlannedChunk.init) }
    }
}

/// The steps from a body to a job.
struct ExportAcceptance: Sendable {
    let owner: OwnerID
    let dependencies: StartExport.Dependencies

    private var bucket: any Bucket { dependencies.bucket }

    /// Largest edit that is read from the store.
    private static let maximumEditBytes = 64 << 20

    /// Reads from the store what a body names by `editKey`: a function URL
    /// carries at most 6 MB.
    func resolved(_ body: JSONValue) async throws -> JSONValue {
        guard case .object(let fields) = body, case .string(let text)? = fields["editKey"] else {
            return body
        }
        let isOwn = ["uploads/\(owner.text)/", "projects/\(owner.text)/"]
            .contains { text.hasPrefix($0) }
        let unknown = Problem.invalid(
            [EditFault(pointer: "/editKey", detail: "names no stored edit of yours")])
        guard isOwn else { throw unknown }
        let stored: StoredObject
        do throws(ObjectStoreError) {
            stored = try await bucket.getObject(
                ObjectKey(text), range: nil, ifMatch: nil, maximumBytes: Self.maximumEditBytes)
        } catch {
            switch error.code {
            case .notFound, .invalidRequest: throw unknown
            case .tooLarge: throw Self.tooLarge
            default: throw error
            }
        }
        var edit = try AuthorizedRequest.jsonObject(stored.body, pointer: "/editKey")
        if case .object(var merged) = edit {
            if let token = fields["clientToken"] { merged["clientToken"] = token }
            edit = .object(merged)
        }
        return edit
    }

    private static let tooLarge = Problem(
        status: 413, title: "Content too large",
        detail: "The stored edit has more than \(maximumEditBytes) bytes.",
        faults: [EditFault(pointer: "/editKey", detail: "names an edit that is too large")])

    func accept(_ body: JSONValue) async throws -> Acceptance {
        let edit = try edit(body)
        let plan = try await plan(edit)
        let dialect = Self.dialect(of: body)
        let job = try await job(for: edit, body)
        try await write(plan, edit: body, job: job, dialect: dialect)
        return Acceptance(
            jobId: job.text, status: dialect.name(of: .queued),
            dropped: edit.dropped.isEmpty ? nil : edit.dropped,
            chunks: plan.plannedChunks)
    }

    /// What the export would cost; nothing is written.
    func estimate(_ body: JSONValue) async throws -> ExportEstimate {
        let plans: [RenderPlan]
        if let several = try await plannedSeveral(body) {
            plans = several.map(\.plan)
        } else {
            plans = [try await plan(try edit(body))]
        }
        return try await ExportEstimate(of: plans, for: owner, dependencies)
    }

    private func edit(_ body: JSONValue) throws -> Edit {
        do {
            return try Edit(request: body)
        } catch {
            throw Problem.invalid(error.faults)
        }
    }

    /// A front end that sends ClipForge's shape reads ClipForge's words.
    static func dialect(of body: JSONValue) -> StatusDialect {
        guard case .object(let fields) = body, fields["project"] != nil else { return .spool }
        return .clipforge
    }

    /// Cuts for the renderers of this deployment.
    var planner: ChunkPlanner {
        var planner = ChunkPlanner(
            concurrency: dependencies.concurrency, functionSeconds: dependencies.renderSeconds)
        planner.memoryMegabytes = dependencies.deployment.renderMegabytes
        planner.diskMegabytes = dependencies.deployment.renderDiskMegabytes
        return planner
    }

    /// - Parameter placed: Says where the caller wrote what is at fault.
    func plan(
        _ edit: Edit, placed: (EditFaults) -> EditFaults = { $0 }
    ) async throws -> RenderPlan {
        var assets: [String: AssetDescription] = [:]
        var unusable: [String: String] = [:]
        let found = try await concurrentMap(edit.assetIDs, limit: 16) { id in
            (id, try await describe(id))
        }
        for (id, description) in found {
            switch description {
            case .success(let description): assets[id] = description
            case .failure(let reason): unusable[id] = reason.sentence
            }
        }
        var captions: [String: CaptionTrack] = [:]
        let files = try await concurrentMap(edit.captionIDs, limit: 4) { id in
            (id, try await captionTrack(id))
        }
        for (id, track) in files {
            switch track {
            case .success(let track): captions[id] = track
            case .failure(let reason): unusable[id] = reason.sentence
            }
        }
        var plan: RenderPlan
        do {
            plan = try edit.lowered(
                assets: assets, captions: captions, unready: unusable, planner: planner)
        } catch {
            throw Problem.invalid(placed(error).faults)
        }
        try await EngineAbilities(renderer: dependencies.renderer)
            .refuse(plan, outputAt: edit.output.pointer)
        plan.renderings = plan.expectedRenderings
        if !plan.copiesSound {
            plan.soundPieces = SoundPlanner(
                concurrency: dependencies.concurrency, functionSeconds: dependencies.renderSeconds
            ).pieces(of: plan)
        }
        return plan
    }

    private struct Unusable: Error { var sentence: String }

    private func describe(_ id: String) async throws -> Result<AssetDescription, Unusable> {
        switch try await readyRecord(id) {
        case .failure(let reason): return .failure(reason)
        case .success(let record):
            guard let media = record.media else {
                return .failure(Unusable(sentence: "is a file of captions"))
            }
            return .success(
                AssetDescription(
                    assetID: id, key: record.key, etag: record.etag, bytes: record.bytes,
                    media: media))
        }
    }

    /// The words of an uploaded file; they become a part of the plan.
    private func captionTrack(_ id: String) async throws -> Result<CaptionTrack, Unusable> {
        let record: AssetRecord
        switch try await readyRecord(id) {
        case .failure(let reason): return .failure(reason)
        case .success(let ready): record = ready
        }
        guard let format = record.captions?.format else {
            return .failure(Unusable(sentence: "is not a file of captions"))
        }
        let stored = try await bucket.getObject(
            ObjectKey(record.key), range: nil, ifMatch: record.etag,
            maximumBytes: CaptionLimits.mostFileBytes)
        do throws(CaptionFault) {
            return .success(try CaptionTrack(stored.body, format: format))
        } catch {
            return .failure(Unusable(sentence: "is not usable: \(error)"))
        }
    }

    private func readyRecord(_ id: String) async throws -> Result<AssetRecord, Unusable> {
        guard let asset = AssetID(id) else {
            return .failure(Unusable(sentence: "is not an asset of yours"))
        }
        let keys = AssetKeys(owner: owner, asset: asset)
        guard let record = try await bucket.document(AssetRecord.self, at: keys.record) else {
            let isPromised = try await bucket.objectExists(keys.upload)
            return .failure(
                Unusable(
                    sentence: isPromised
                        ? "is not uploaded completely yet" : "is not an asset of yours"))
        }
        guard record.status == .ready, record.media != nil || record.captions != nil else {
            return .failure(
                Unusable(sentence: "is not usable: \(record.error ?? "the probe failed")"))
        }
        return .success(record)
    }

    /// A new job, or the one that the client's token already stands for.
    func job(for edit: Edit, _ body: JSONValue) async throws -> JobID {
        let now = dependencies.now()
        let fresh = JobID(milliseconds: now, random: dependencies.randomText(20))
        guard let token = edit.clientToken else { return fresh }
        let key = ExportKeys.clientToken(sha256Hex(token), owner: owner)
        let digest = sha256Hex(try canonicalText(body))
        let record = ClientTokenRecord(
            job: fresh, editDigest: digest, createdAtMilliseconds: now)
        if try await bucket.createDocument(record, at: key) { return fresh }
        guard let standing = try await bucket.document(ClientTokenRecord.self, at: key),
            let job = JobID(standing.jobID)
        else { return fresh }
        guard standing.editDigest == digest else {
            throw Problem(
                status: 409, title: "Conflict",
                detail: "The client token stands for another edit already.",
                faults: [
                    EditFault(
                        pointer: "/clientToken", detail: "stands for another edit already")
                ])
        }
        return job
    }

    private func canonicalText(_ body: JSONValue) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(body), as: UTF8.self)
    }

    /// Writes the job's objects in an order in which none means more than is
    /// there: the requests last. What exists already stays.
    func write(
        _ plan: RenderPlan, edit: JSONValue, job: JobID, dialect: StatusDialect
    ) async throws {
        let keys = ExportKeys(owner: owner, job: job)
        let ledger = ExportLedger(bucket: bucket, keys: keys, now: dependencies.now)
        _ = try await bucket.createDocument(edit, at: keys.edit)
        _ = try await bucket.createDocument(plan, at: keys.plan)
        let pointer = JobPointer(
            owner: owner, dialect: dialect, createdAtMilliseconds: dependencies.now())
        _ = try await bucket.createDocument(pointer, at: keys.pointer)
        _ = try await bucket.createDocument(["version": 1], at: keys.recent)
        guard try await !bucket.objectExists(keys.result) else { return }
        _ = try await bucket.createDocument(pointer, at: keys.active)
        // Another attempt with the same token may have planned with other
        // borders; the plan that stands decides.
        let standing = try await ledger.plan()
        // The sound first: at the end it would keep one renderer busy while the
        // others have nothing left.
        let units = standing.soundUnits + standing.chunks.map(RenderUnit.video)
        _ = try await concurrentMap(units, limit: 8) { unit in
            if standing.leader?.shares(unit) == true {
                try await ledger.awaitUnit(unit)
            } else {
                try await ledger.requestUnit(unit)
            }
        }
    }
}
