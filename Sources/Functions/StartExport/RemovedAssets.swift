import Jobs
import JSON
import ObjectStore
import RenderPlans

extension ExportAcceptance {
    /// Ends an export whose asset was removed while it was planned.
    ///
    /// Runs after the `active` marker is written: a DELETE of the asset writes its mark before it
    /// searches the markers, so one of the two always sees the other.
    /// - Throws: a 409 problem that names the asset.
    func refuseRemovedAssets(_ plan: RenderPlan, _ ledger: ExportLedger) async throws {
        let ids = Set(plan.sources.map(\.assetID)).sorted()
        let removed = try await concurrentMap(ids, limit: 16) { id in
            try await isRemoved(id) ? id : nil
        }.compactMap { $0 }.first
        guard let removed else { return }
        try await ledger.fail("The asset \(removed) was removed.")
        throw Problem(
            status: 409, title: "Asset removed", detail: "The asset \(removed) was removed.",
            members: ["assetId": .string(removed)])
    }

    private func isRemoved(_ id: String) async throws -> Bool {
        guard let asset = AssetID(id) else { return false }
        let keys = AssetKeys(owner: owner, asset: asset)
        let page = try await dependencies.bucket.listObjects(
            prefix: keys.prefix, startAfter: nil, keyCountMax: 1_000)
        guard page.objects.contains(where: { $0.key == keys.record }) else { return true }
        guard page.objects.contains(where: { $0.key == keys.removal }),
            let mark = try await dependencies.bucket.document(
                AssetRemovalMark.self, at: keys.removal)
        else { return false }
        return mark.isAtWork(now: dependencies.now())
    }
}
