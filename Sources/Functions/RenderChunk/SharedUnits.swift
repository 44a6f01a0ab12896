import Jobs
import ObjectStore
import Planning
import RenderPlans

/// A unit of the exports that are rendered together with one export
/// (`SharedRendering`).
///
/// They wait for the leader's render. Once the unit is in the cache, or the leader has
/// given up, each export's own unit is requested.
struct SharedUnits: Sendable {
    let unit: RenderUnit
    let leader: ExportLedger
    private let companions: [ExportLedger]

    /// - Parameter plan: The leader's; nil has no companions.
    init(of unit: RenderUnit, _ plan: RenderPlan?, leader: ExportLedger) {
        self.unit = unit
        self.leader = leader
        companions = (plan?.companions ?? []).filter { $0.shares(unit) }.compactMap { companion in
            JobID(companion.jobID).map {
                ExportLedger(
                    bucket: leader.bucket, keys: ExportKeys(owner: leader.keys.owner, job: $0),
                    now: leader.now)
            }
        }
    }

    /// Requests the unit of every export that waits for this one. Without a plan
    /// there is none.
    static func release(_ unit: RenderUnit, of leader: ExportLedger) async throws {
        let plan = try await leader.usablePlan()
        try await SharedUnits(of: unit, plan, leader: leader).request()
    }

    /// An export that waits for its frames.
    struct Waiting: Sendable {
        var ledger: ExportLedger
        var plan: RenderPlan
    }

    /// Exports whose frames can be rendered together with the leader's: not ended,
    /// and the unit not yet requested.
    func waiting(for plan: RenderPlan) async throws -> [Waiting] {
        guard !unit.isAudio else { return [] }
        var found: [Waiting] = []
        for ledger in companions {
            guard try await !ledger.isStopped(),
                try await !leader.bucket.objectExists(ledger.keys.request(unit)),
                let other = try await ledger.usablePlan(), SharedRendering.areEqual(plan, other)
            else { continue }
            found.append(Waiting(ledger: ledger, plan: other))
        }
        return found
    }

    /// Requests the unit of each; a rendered one is then found in the cache.
    func request() async throws(ObjectStoreError) {
        for ledger in companions { try await ledger.requestUnit(unit) }
    }

    /// Makes each wait for the units that a split range is rendered in.
    func awaitUnits(_ units: [RenderUnit]) async throws {
        for ledger in companions {
            for unit in units { try await ledger.awaitUnit(unit) }
        }
    }
}
