import Crypto
import EditFormats
import FFmpeg
import FoundationEssentials
import Jobs
import JSON
import MediaTime
import ObjectStore
import RenderPlans

/// The response for one export.
struct AcceptedExport: Encodable {
    var jobId: String
    var status: String
    /// Parts of an OpenTimelineIO document that were left out.
    var dropped: [FieldFault]?
    /// Expected rendering of each chunk; nil unless frames may be copied.
    var chunks: [PlannedChunk]?
}

/// Expected rendering of one chunk.
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
    /// Expected rendering of each chunk; nil unless frames may be copied.
    var plannedChunks: [PlannedChunk]? {
        renderings.map { zip(chunks, $0).map(PlannedChunk.init) }
    }
}

/// Turns a request body into planned exports, and planned exports into jobs.
struct ExportAcceptance: Sendable {
    let owner: OwnerID
    let dependencies: StartExport.Dependencies

    private var bucket: any Bucket { dependencies.bucket }
    var activeExports: ActiveExports { ActiveExports(bucket: bucket, owner: owner) }
    private var callbacks: CallbackCheck { CallbackCheck(bucket: bucket, owner: owner) }
    var planning: ExportPlanning { ExportPlanning(owner: owner, dependencies: dependencies) }

    /// Checks and plans all exports of a body; writes nothing.
    /// - Throws: a 400 problem with every fault.
    func planned(_ body: JSONValue) async throws -> PlannedRequest {
        let foreign = NamedUploads.faults(of: body, owner: owner)
        guard foreign.isEmpty else { throw Problem.invalid(foreign) }
        _ = try Self.retention(of: body)
        if let several = try await plannedSeveral(body) {
            try await callbacks.check(several.first?.edit.callback)
            return .several(several)
        }
        let edit: Edit
        do {
            edit = try Edit(request: body)
        } catch {
            throw Problem.invalid(error.faults)
        }
        try await callbacks.check(edit.callback)
        return .one(edit, try await planning.plan(edit))
    }

    /// Writes one job.
    func accept(
        _ edit: Edit, _ plan: RenderPlan, body: JSONValue
    ) async throws -> AcceptedExport {
        let dialect = Self.dialect(of: body)
        let job = try await job(for: edit, body)
        try await activeExports.admit([job], by: dependencies.admission)
        try await write(plan, edit: body, job: job, dialect: dialect)
        return AcceptedExport(
            jobId: job.text, status: dialect.name(of: .queued),
            dropped: edit.dropped.isEmpty ? nil : edit.dropped,
            chunks: plan.plannedChunks)
    }

    /// ClipForge or OpenCut for their body shapes, else Spool.
    static func dialect(of body: JSONValue) -> StatusDialect {
        if body["project"] ?? .null != .null { return .clipforge }
        if body["sources"] ?? .null != .null { return .opencut }
        return .spool
    }

    /// A new job, or the job that the client token already names.
    func job(for edit: Edit, _ body: JSONValue) async throws -> JobID {
        let now = dependencies.now()
        let fresh = JobID(time: now, random: dependencies.randomText(20))
        guard let token = edit.clientToken else { return fresh }
        let key = ExportKeys.clientToken(sha256Hex(token), owner: owner)
        let digest = sha256Hex(try canonicalText(body))
        let record = ClientTokenRecord(
            job: fresh, editDigest: digest, createdAt: now)
        if try await bucket.createDocument(record, at: key) { return fresh }
        guard let stored = try await bucket.document(ClientTokenRecord.self, at: key),
            let job = JobID(stored.jobID)
        else { return fresh }
        guard stored.editDigest == digest else {
            throw Problem(
                status: 409, title: "Conflict",
                detail: "The client token was used for another edit.",
                faults: [
                    FieldFault(pointer: "/clientToken", detail: "was used for another edit")
                ])
        }
        try await ExportLedger(
            bucket: bucket, keys: ExportKeys(owner: owner, job: job), now: dependencies.now
        ).refuseIfRemoved()
        return job
    }

    private func canonicalText(_ body: JSONValue) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(body), as: UTF8.self)
    }

    /// Writes the job's objects, the requests last: an interrupted start never has a
    /// request without its plan. Existing objects stay.
    /// - Parameter batch: The batch that the export is an output of.
    func write(
        _ plan: RenderPlan, edit: JSONValue, job: JobID, dialect: StatusDialect,
        batch: BatchKeys? = nil
    ) async throws {
        let keys = ExportKeys(owner: owner, job: job)
        let ledger = ExportLedger(bucket: bucket, keys: keys, now: dependencies.now)
        var plan = plan
        plan.unitsAtOnce =
            plan.unitsAtOnce
            ?? dependencies.window.unitsAtOnce(
                unitCount: plan.units.count, concurrency: dependencies.concurrency)
        _ = try await bucket.createDocument(edit, at: keys.edit)
        _ = try await bucket.createDocument(plan, at: keys.plan)
        var pointer = JobPointer(
            owner: owner, dialect: dialect, createdAt: dependencies.now(), batch: batch?.batch)
        pointer.retention = try Self.retention(of: edit)
        // An internal export is in no list, its ID is not found, and the bucket's rules expire it.
        if !job.isInternal {
            try await bucket.putMarker(
                DueEntry(
                    at: dependencies.retention.expiry(of: pointer), owner: owner, .export(job)
                ).key)
            _ = try await bucket.createDocument(pointer, at: keys.pointer)
            _ = try await bucket.createDocument(
                ["version": 1], at: batch?.recent(of: keys) ?? keys.recent)
        }
        guard try await !bucket.objectExists(keys.result) else { return }
        _ = try await bucket.createDocument(pointer, at: keys.active)
        try await refuseRemovedAssets(plan, ledger)
        // Another attempt with the same token may have stored a plan with other chunks.
        let stored = try await ledger.plan()
        for range in stored.plannedRanges {
            try await bucket.putMarker(keys.planned(range))
        }
        _ = try await concurrentMap(stored.firstUnits, limit: 8) { unit in
            if stored.leader?.shares(unit) == true {
                try await ledger.awaitUnit(unit)
            } else {
                try await ledger.requestUnit(unit)
            }
        }
    }
}
