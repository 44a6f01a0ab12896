import Crypto
import EditFormats
import FFmpeg
import Jobs
import JSON
import Planning
import RenderPlans

/// The response for a request of several exports.
struct AcceptedExports: Encodable {
    struct Job: Encodable {
        var jobId: String
        /// The export whose renderers render this one's frames too.
        var renderedWith: String?
        /// Index in `outputs` and format; nil for a variation.
        var output: Int?
        var format: String?
        var chunks: [PlannedChunk]?
        /// Asset, number from 1 for each asset, and effects; nil for an output.
        var assetId: String?
        var variation: Int?
        var effects: Variations.Effects?
    }

    /// The first job.
    var jobId: String?
    var status: String
    var jobs: [Job]
    /// Parts of an OpenTimelineIO document that were left out.
    var dropped: [FieldFault]?
}

/// The exports of one request, checked and planned.
enum PlannedRequest: Sendable {
    case one(Edit, RenderPlan)
    case several([PlannedExport])

    /// At least one.
    var plans: [RenderPlan] {
        switch self {
        case .one(_, let plan): [plan]
        case .several(let exports): exports.map(\.plan)
        }
    }
}

/// One of several exports of one request.
struct PlannedExport: Sendable {
    var edit: Edit
    /// The request for this export alone.
    var request: JSONValue
    var plan: RenderPlan
    /// An output or a variation.
    fileprivate var kind: Kind

    fileprivate enum Kind: Sendable {
        case output(Int)
        case variation(Variations.Variation)
    }
}

extension ExportAcceptance {
    /// Writes one job for each output or variation.
    func acceptSeveral(
        _ exports: [PlannedExport], body: JSONValue
    ) async throws -> AcceptedExports {
        let dialect = Self.dialect(of: body)
        var jobs: [JobID] = []
        for export in exports {
            jobs.append(try await job(for: export.edit, export.request))
        }
        try await activeExports.admit(jobs, by: dependencies.admission)
        let planned = try await writeTogether(exports, as: jobs) { export, job in
            try await write(export.plan, edit: export.request, job: job, dialect: dialect)
        }
        let dropped = planned.first?.edit.dropped ?? []
        return AcceptedExports(
            jobId: jobs.first?.text, status: dialect.name(of: .queued),
            jobs: zip(planned, jobs).map { $0.answer(job: $1) },
            dropped: dropped.isEmpty ? nil : dropped)
    }

    /// Writes exports so that those that read the same frames are rendered together.
    /// - Parameter jobs: The export's job at the same position.
    /// - Returns: the exports with their final plans.
    func writeTogether(
        _ exports: [PlannedExport], as jobs: [JobID],
        write: (PlannedExport, JobID) async throws -> Void
    ) async throws -> [PlannedExport] {
        var planned = exports
        var leaders: Set<Int> = []
        for group in shareRendering(&planned) {
            let leader = group[0]
            leaders.insert(leader)
            for follower in group.dropFirst() {
                let audio = audioUnitsText(planned[follower])
                let sharesAudio = audio != nil && audio == audioUnitsText(planned[leader])
                planned[follower].plan.leader = RenderPlan.Companion(
                    jobID: jobs[leader].text, sharesAudio: sharesAudio)
                planned[leader].plan.companions =
                    (planned[leader].plan.companions ?? []) + [
                        RenderPlan.Companion(
                            jobID: jobs[follower].text, sharesAudio: sharesAudio)
                    ]
            }
        }
        // A leader comes last: its renderers request units of the others.
        let order = planned.indices.filter { !leaders.contains($0) } + leaders.sorted()
        for index in order { try await write(planned[index], jobs[index]) }
        return planned
    }

    /// Plans one variation.
    func planned(_ variation: Variations.Variation) async throws -> PlannedExport {
        PlannedExport(
            edit: variation.edit, request: variation.request,
            plan: try await planning.plan(variation.edit), kind: .variation(variation))
    }

    /// Plans each output or variation; nil if the body is a request for one export.
    func plannedSeveral(_ body: JSONValue) async throws -> [PlannedExport]? {
        let outputs: OutputList?
        let variations: Variations?
        do {
            outputs = try OutputList(request: body)
            variations = try Variations(request: body, freshSeed: seed(of: body))
        } catch {
            throw Problem.invalid(error.faults)
        }
        guard outputs != nil || variations != nil else { return nil }
        var planned: [PlannedExport] = []
        for output in outputs?.outputs ?? [] {
            let plan = try await planning.plan(output.edit, placed: output.placed)
            planned.append(
                PlannedExport(
                    edit: output.edit, request: output.request, plan: plan,
                    kind: .output(output.index)))
        }
        for variation in variations?.variations ?? [] {
            planned.append(try await self.planned(variation))
        }
        return planned
    }

    /// Groups of exports that are rendered together, the leader first.
    private func shareRendering(_ planned: inout [PlannedExport]) -> [[Int]] {
        var plans = planned.map(\.plan)
        let chunkSeconds = planned.map(\.edit.output.chunkSeconds)
        let groups = SharedRendering.arrange(
            &plans, chunkSeconds: chunkSeconds, planner: planning.planner)
        for index in planned.indices { planned[index].plan = plans[index] }
        return groups
    }

    /// Everything the audio depends on; nil without audio.
    private func audioUnitsText(_ export: PlannedExport) -> String? {
        guard export.plan.output.hasAudio else { return nil }
        let units = export.plan.audioUnits.map(\.name).joined(separator: " ")
        return units + "\n" + audioFingerprint(of: export.plan, ffmpegVersion: "")
    }

    /// A seed derived from the client token; random without one.
    private func seed(of body: JSONValue) -> UInt64 {
        if case .object(let fields) = body, case .string(let token)? = fields["clientToken"],
            let seed = UInt64(sha256Hex(token).prefix(15), radix: 16)
        {
            return seed
        }
        return dependencies.randomText(16).utf8.reduce(0) { $0 &* 131 &+ UInt64($1) }
    }
}

extension PlannedExport {
    fileprivate func answer(job: JobID) -> AcceptedExports.Job {
        var answer = AcceptedExports.Job(
            jobId: job.text, renderedWith: plan.leader?.jobID)
        switch kind {
        case .output(let index):
            answer.output = index
            answer.format = plan.output.format.rawValue
            answer.chunks = plan.plannedChunks
        case .variation(let variation):
            answer.assetId = variation.assetID
            answer.variation = variation.number
            answer.effects = variation.effects
        }
        return answer
    }
}
