import Editing
import Jobs
import ObjectStore

/// The unit of the exports that are rendered with one export (`SharedRendering`).
///
/// They wait for it: nobody else is asked. Once it is in the cache, or will not
/// come from here, each is asked for by itself.
struct CompanionUnits: Sendable {
    let unit: RenderUnit
    let leader: ExportLedger
    private let companions: [ExportLedger]

    init(of unit: RenderUnit, _ plan: RenderPlan, leader: ExportLedger) {
        self.unit = unit
        self.leader = leader
        companions = (plan.companions ?? []).filter { $0.shares(unit) }.compactMap { companion in
            JobID(companion.jobID).map {
                ExportLedger(
                    bucket: leader.bucket, keys: ExportKeys(owner: leader.keys.owner, job: $0),
                    now: leader.now)
            }
        }
    }

    /// An export that waits for its pictures.
    struct Waiting: Sendable {
        var ledger: ExportLedger
        var plan: RenderPlan
    }

    /// Those whose pictures can be made together with the leader's: they have not
    /// ended, and nobody was asked for the unit yet.
    func waiting(for plan: RenderPlan) async throws -> [Waiting] {
        guard !unit.isSound else { return [] }
        var found: [Waiting] = []
        for ledger in companions {
            guard try await !ledger.isStopped(),
                try await !leader.bucket.objectExists(ledger.keys.request(unit)),
                let other = try await leader.bucket.document(
                    RenderPlan.self, at: ledger.keys.plan),
                other.version == RenderPlan.currentVersion, SharedRendering.areAlike(plan, other)
            else { continue }
            found.append(Waiting(ledger: ledger, plan: other))
        }
        return found
    }

    /// Lets each go on: what was rendered for it is found in the cache.
    func request() async throws {
        for ledger in companions { try await ledger.requestUnit(unit) }
    }

    /// Lets each wait for the parts of a range that was split.
    func awaitUnits(_ parts: [RenderUnit]) async throws {
        for ledger in companions {
            for part in parts { try await ledger.awaitUnit(part) }
        }
    }
}
