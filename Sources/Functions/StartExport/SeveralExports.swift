import AWSSignature
import Editing
import FFmpeg
import Jobs

/// The answer to a request that stands for several exports.
struct SeveralAcceptance: Encodable {
    struct Job: Encodable {
        var jobId: String
        /// The export whose renderers make this one's pictures too.
        var renderedWith: String?
        /// Of one output: its index in `outputs`, and its format.
        var output: Int?
        var format: String?
        var chunks: [PlannedChunk]?
        /// Of one variation. Its number counts from 1, for each asset.
        var assetId: String?
        var variation: Int?
        var effects: Variations.Effects?
    }

    /// The first of them.
    var jobId: String?
    var status: String
    var jobs: [Job]
    /// What an OpenTimelineIO document says that was left out.
    var dropped: [EditFault]?
}

/// One of several exports that one request asks for.
struct PlannedExport: Sendable {
    var edit: Edit
    /// The request for this export alone.
    var request: JSONValue
    var plan: RenderPlan
    /// What is told of it beside its job.
    fileprivate var kind: Kind

    fileprivate enum Kind: Sendable {
        case output(Int)
        case variation(Variations.Variation)
    }
}

extension ExportAcceptance {
    /// One export for each output or variation; nil where the body asks for
    /// one film only. All of them are checked before the first is written.
    func acceptSeveral(_ body: JSONValue) async throws -> SeveralAcceptance? {
        guard var planned = try await plannedSeveral(body) else { return nil }
        let dialect = Self.dialect(of: body)
        var jobs: [JobID] = []
        for export in planned {
            jobs.append(try await job(for: export.edit, export.request))
        }
        var leaders: Set<Int> = []
        for group in shareRendering(&planned) {
            let leader = group[0]
            leaders.insert(leader)
            for follower in group.dropFirst() {
                let sound = soundText(planned[follower])
                let sharesSound = sound != nil && sound == soundText(planned[leader])
                planned[follower].plan.leader = RenderPlan.Companion(
                    jobID: jobs[leader].text, sharesSound: sharesSound)
                planned[leader].plan.companions =
                    (planned[leader].plan.companions ?? []) + [
                        RenderPlan.Companion(
                            jobID: jobs[follower].text, sharesSound: sharesSound)
                    ]
            }
        }
        // Who leads comes last: what its renderers ask for is there by then.
        let order = planned.indices.filter { !leaders.contains($0) } + leaders.sorted()
        for index in order {
            let export = planned[index]
            try await write(
                export.plan, edit: export.request, job: jobs[index], dialect: dialect)
        }
        let dropped = planned.first?.edit.dropped ?? []
        return SeveralAcceptance(
            jobId: jobs.first?.text, status: dialect.name(of: .queued),
            jobs: zip(planned, jobs).map { $0.answer(job: $1) },
            dropped: dropped.isEmpty ? nil : dropped)
    }

    /// The plans of all exports that the body asks for; nil where it is one.
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
            let plan = try await plan(output.edit, placed: output.placed)
            planned.append(
                PlannedExport(
                    edit: output.edit, request: output.request, plan: plan,
                    kind: .output(output.index)))
        }
        for variation in variations?.variations ?? [] {
            planned.append(
                PlannedExport(
                    edit: variation.edit, request: variation.request,
                    plan: try await plan(variation.edit), kind: .variation(variation)))
        }
        return planned
    }

    /// The groups that are rendered together, who leads first.
    private func shareRendering(_ planned: inout [PlannedExport]) -> [[Int]] {
        var plans = planned.map(\.plan)
        let wishes = planned.map(\.edit.output.chunkSeconds)
        let groups = SharedRendering.arrange(&plans, chunkSeconds: wishes, planner: planner)
        for index in planned.indices { planned[index].plan = plans[index] }
        return groups
    }

    /// What the sound depends on; nil where there is none.
    private func soundText(_ export: PlannedExport) -> String? {
        guard export.plan.output.format.hasSound else { return nil }
        let units = export.plan.soundUnits.map(\.name).joined(separator: " ")
        return units + "\n" + audioFingerprint(of: export.plan, ffmpegVersion: "")
    }

    /// The same token draws the same numbers; without one they are new.
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
    fileprivate func answer(job: JobID) -> SeveralAcceptance.Job {
        var answer = SeveralAcceptance.Job(
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
