import FoundationEssentials

import AWSSignature
import Editing
import FFmpeg
import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore

/// Accepts an edit: checks it, lowers it to a plan, and asks for every unit.
///
/// The edit and the plan are written once and never change. The same
/// `clientToken` names the same job, however often it is sent.
enum StartExport {
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var authorizer: Authorizer
        var now: @Sendable () -> Int
        /// Unguessable text of `a-z 0-9`, of the length asked for.
        var randomText: @Sendable (Int) -> String
        /// Renderers that may run at once; the planner cuts for them.
        var concurrency: Int
        /// Time limit of one renderer in seconds; chunks end well inside it.
        var renderSeconds: Int
        var deployment = Deployment()
    }

    static func handle(
        _ request: FunctionURLRequest, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> FunctionURLResponse {
        await URLFunction.respond(
            to: request, context, authorizer: dependencies.authorizer, methods: ["POST"]
        ) { authorized in
            let acceptance = ExportAcceptance(
                owner: authorized.owner, dependencies: dependencies)
            let body = try await acceptance.resolved(try authorized.jsonObject())
            if authorized.request.rawPath.hasSuffix("/estimate") {
                return .json(status: 200, try await acceptance.estimate(body))
            }
            if let jobs = try await acceptance.acceptVariations(body) {
                context.logger.info(
                    "Variations were accepted.", ["exports": .integer(jobs.count)])
                return .json(status: 202, VariationAcceptance(jobs: jobs))
            }
            let accepted = try await acceptance.accept(body)
            context.logger.info(
                "An export was accepted.", ["exportId": .string(accepted.jobId)])
            return .json(status: 202, accepted)
        }
    }
}

private struct Acceptance: Encodable {
    var jobId: String
    var status: String
    /// What an OpenTimelineIO document says that was left out.
    var dropped: [EditFault]?
    /// Where frames may be copied: what is expected of each chunk.
    var chunks: [PlannedChunk]?
}

private struct PlannedChunk: Encodable {
    var start: Int
    var end: Int
    var rendering: RenderPlan.ChunkRendering.Kind
    var because: String

    init(_ frames: FrameRange, _ rendering: RenderPlan.ChunkRendering) {
        (start, end) = (frames.start, frames.end)
        (self.rendering, because) = (rendering.kind, rendering.because)
    }
}

private struct VariationAcceptance: Encodable {
    struct Job: Encodable {
        var jobId: String
        var assetId: String
        /// From 1, for each asset.
        var variation: Int
        var effects: Variations.Effects
    }

    /// The first of them.
    var jobId: String?
    var status: String
    var jobs: [Job]

    init(jobs: [Job]) {
        (jobId, self.jobs) = (jobs.first?.jobId, jobs)
        status = StatusDialect.spool.name(of: .queued)
    }
}

/// The steps from a body to a job.
private struct ExportAcceptance: Sendable {
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
        let edit: Edit
        do {
            edit = try Edit(request: body)
        } catch {
            throw Problem.invalid(error.faults)
        }
        let plan = try await plan(edit)
        let dialect = Self.dialect(of: body)
        let job = try await job(for: edit, body)
        try await write(plan, edit: body, job: job, dialect: dialect)
        return Acceptance(
            jobId: job.text, status: dialect.name(of: .queued),
            dropped: edit.dropped.isEmpty ? nil : edit.dropped,
            chunks: plan.renderings.map { zip(plan.chunks, $0).map(PlannedChunk.init) })
    }

    /// What the export would cost; nothing is written.
    func estimate(_ body: JSONValue) async throws -> ExportEstimate {
        let edit: Edit
        do {
            edit = try Edit(request: body)
        } catch {
            throw Problem.invalid(error.faults)
        }
        return try await ExportEstimate(of: try await plan(edit), for: owner, dependencies)
    }

    /// One export for each variation; nil where the body asks for none. All
    /// of them are checked before the first is written.
    func acceptVariations(_ body: JSONValue) async throws -> [VariationAcceptance.Job]? {
        let random = dependencies.randomText(16)
        let fresh = random.utf8.reduce(UInt64(0)) { $0 &* 131 &+ UInt64($1) }
        let wish: Variations?
        do {
            wish = try Variations(request: body, freshSeed: seed(of: body) ?? fresh)
        } catch {
            throw Problem.invalid(error.faults)
        }
        guard let wish else { return nil }
        var planned: [(Variations.Variation, RenderPlan)] = []
        for variation in wish.variations {
            planned.append((variation, try await plan(variation.edit)))
        }
        var jobs: [VariationAcceptance.Job] = []
        for (variation, plan) in planned {
            let job = try await job(for: variation.edit, variation.request)
            try await write(plan, edit: variation.request, job: job, dialect: .spool)
            jobs.append(
                VariationAcceptance.Job(
                    jobId: job.text, assetId: variation.assetID, variation: variation.number,
                    effects: variation.effects))
        }
        return jobs
    }

    /// The seed that a client's token stands for: the same token draws the
    /// same numbers.
    private func seed(of body: JSONValue) -> UInt64? {
        guard case .object(let fields) = body, case .string(let token)? = fields["clientToken"]
        else { return nil }
        return UInt64(sha256Hex(token).prefix(15), radix: 16)
    }

    /// A front end that sends ClipForge's shape reads ClipForge's words.
    private static func dialect(of body: JSONValue) -> StatusDialect {
        guard case .object(let fields) = body, fields["project"] != nil else { return .spool }
        return .clipforge
    }

    private func plan(_ edit: Edit) async throws -> RenderPlan {
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
        var planner = ChunkPlanner(
            concurrency: dependencies.concurrency, functionSeconds: dependencies.renderSeconds)
        planner.memoryMegabytes = dependencies.deployment.renderMegabytes
        planner.diskMegabytes = dependencies.deployment.renderDiskMegabytes
        var plan: RenderPlan
        do {
            plan = try edit.lowered(
                assets: assets, captions: captions, unready: unusable, planner: planner)
        } catch {
            throw Problem.invalid(error.faults)
        }
        try await EngineAbilities(renderer: dependencies.renderer)
            .refuse(plan, outputAt: edit.output.pointer)
        plan.renderings = plan.expectedRenderings
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
    private func job(for edit: Edit, _ body: JSONValue) async throws -> JobID {
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
    private func write(
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
        _ = try await concurrentMap(
            // The sound first: at the end it would keep one renderer busy while
            // the others have nothing left.
            (standing.output.format.hasSound ? [.audio] : [])
                + standing.chunks.map(RenderUnit.video), limit: 8
        ) { unit in try await ledger.requestUnit(unit) }
    }
}
