import FoundationEssentials
import Functions
import Jobs
import MediaTime
import ObjectStore
import RenderPlans
import Synchronization
import TestSupport

/// The invariants of a `Simulation`, at each call of the store and at rest.
struct SimulationCheck {
    private let world: Simulation

    init(_ world: Simulation) { self.world = world }

    /// Exports that were accepted and have no result.
    var open: String { openJobs.map(\.text).joined(separator: " ") }

    private var jobs: [JobID] { world.clients.withLock { $0.flatMap(\.jobs) } }

    private var openJobs: [JobID] {
        let keys = Set(world.memory.keys)
        return jobs.filter { !keys.contains(Self.keys($0).result.text) }
    }

    static func keys(_ job: JobID) -> ExportKeys { ExportKeys(owner: .local, job: job) }

    /// True if nothing waits, every request is answered and every export has ended.
    var isAtRest: Bool {
        let isBusy = world.state.withLock { state in
            !state.running.isEmpty || !state.events.isEmpty || !state.isCalm
        }
        guard !isBusy, world.clients.withLock({ $0.allSatisfy { $0.state == .accepted } }) else {
            return false
        }
        return !world.memory.keys.contains { $0.hasPrefix(ExportKeys.activePrefix) }
            && openJobs.isEmpty
    }

    /// Progress never decreases, unless a rendered unit was evicted.
    func progress() {
        guard world.state.withLock({ $0.counts.evictions == 0 }) else { return }
        for job in jobs {
            let export = Self.keys(job)
            let result: ExportResult? = document(export.result)
            let status = ExportStatus(listing(of: export), result: result)
            let percent = status.progress.percent
            let before = world.state.withLock { $0.percents.updateValue(percent, forKey: job) }
            if let before, percent < before {
                world.fail("Progress of \(job) went from \(before) to \(percent)")
            }
        }
    }

    /// Checks the results of a run that came to rest.
    func atRest() {
        let cancelled = world.clients.withLock { clients in
            clients.reduce(into: Set<JobID>()) { $0.formUnion($1.cancelled) }
        }
        let keys = Set(world.memory.keys)
        for job in jobs {
            let export = Self.keys(job)
            guard let result: ExportResult = document(export.result),
                let plan: RenderPlan = document(export.plan)
            else {
                world.fail("\(job) has no result or no plan")
                continue
            }
            let hasOutput = keys.contains(export.output(fileExtension: "mp4").text)
            switch result.outcome {
            case .completed:
                if !hasOutput { world.fail("\(job) completed without an output") }
                let listing = listing(of: export)
                if !listing.isEverythingRendered(of: plan) {
                    world.fail("\(job) completed without every receipt")
                }
            case .cancelled:
                if !cancelled.contains(job) { world.fail("\(job) was cancelled unasked") }
                if hasOutput { world.fail("\(job) was cancelled and has an output") }
            case .failed:
                world.fail("\(job) failed: \(result.error ?? "")")
            }
        }
    }

    private func document<Document: Decodable>(_ key: ObjectKey) -> Document? {
        world.memory.bytes(key).flatMap {
            try? JSONDecoder().decode(Document.self, from: Data($0))
        }
    }

    func listing(of export: ExportKeys) -> ExportListing {
        ExportListing(world.memory.infos(prefix: export.prefix), of: export)
    }
}

extension Simulation {
    /// Checks a change of the store that took effect, and sends its event.
    func performed(_ operation: String, _ key: ObjectKey, by invocation: Invocation) {
        switch operation {
        case "PutObject": put(key, by: invocation)
        case "DeleteObject" where key.text.hasSuffix("/result.json"):
            fail("\(key) was deleted")
        default: break
        }
    }

    private func put(_ key: ObjectKey, by invocation: Invocation) {
        let function: FunctionName? =
            key.text.hasPrefix("exports/")
            ? key.text.hasSuffix(".chunk.json")
                ? .renderChunk : key.text.hasSuffix(".stitch.json") ? .stitchExport : nil
            : nil
        state.withLock { state in
            guard let function else { return }
            let delay = state.isCalm ? 0 : state.random.below(2_000)
            state.events.append(
                Event(function: function, key: key.text, due: state.steady + delay))
        }
        if key.text.hasSuffix("/result.json") {
            let text = memory.bytes(key).map { String(decoding: $0, as: UTF8.self) } ?? ""
            let before = state.withLock { $0.results.updateValue(text, forKey: key) }
            if before != nil { fail("\(key) was written twice") }
        }
        if key.text.hasPrefix("cache/") {
            let isKnown = state.withLock { state in
                let step = state.startedStep[invocation.number] ?? 0
                let first = state.stored[key]
                state.stored[key] = first ?? state.stepCount
                return first.map { $0 < step } ?? false
            }
            if isKnown { fail("\(key) was rendered although it was stored") }
        }
        if function == .renderChunk { checkWindow(key) }
    }

    /// A plan with a window has no more units requested and unfinished than it, unless a unit was
    /// split or a leader released its units.
    private func checkWindow(_ key: ObjectKey) {
        guard let (keys, _) = ExportKeys.parseChunkRequest(key),
            let plan = memory.bytes(keys.plan).flatMap({
                try? JSONDecoder().decode(RenderPlan.self, from: Data($0))
            }), let window = plan.unitsAtOnce, plan.leader == nil
        else { return }
        let listing = SimulationCheck(self).listing(of: keys)
        guard listing.requests.keys.allSatisfy(plan.units.contains) else { return }
        let pending = listing.requests.keys.count { !listing.receipts.contains($0) }
        if pending > window { fail("\(keys.job) has \(pending) units requested of \(window)") }
    }
}
