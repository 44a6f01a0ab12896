import Jobs
import ObjectStore

/// The exports of one owner that have not ended.
struct ActiveExports: Sendable {
    let bucket: any Bucket
    let owner: OwnerID

    /// Refuses exports beyond the owner's limit.
    ///
    /// One listing while the owner has few recent exports; else also one of the markers of
    /// exports that have not ended. Two requests at once may exceed the limit.
    /// - Parameter jobs: The exports to start; those that were accepted before are not counted.
    /// - Throws: a 429 problem with `Retry-After`.
    func admit(_ jobs: [JobID], by admission: ExportAdmission) async throws {
        let page = try await bucket.listObjects(
            prefix: ExportKeys.recentPrefix(of: owner), startAfter: nil,
            keyCountMax: ExportAdmission.exportCountMaxMax)
        let recent = page.objects.compactMap { object -> JobID? in
            guard case .export(let keys)? = RecentEntry(object.key) else { return nil }
            return keys.job
        }
        let new = Set(jobs).subtracting(recent)
        guard !admission.admits(new: new.count, active: recent.count) else { return }
        let markers = Set(
            try await bucket.listAllObjects(prefix: ExportKeys.activePrefix).map(\.key))
        let active = recent.count {
            markers.contains(ExportKeys(owner: owner, job: $0).active)
        }
        guard !admission.admits(new: new.count, active: active) else { return }
        throw Self.refusal(active: active, admission)
    }

    private static func refusal(active: Int, _ admission: ExportAdmission) -> Problem {
        Problem(
            status: 429, title: "Too many exports",
            detail: "\(active) of your exports have not ended; the limit is "
                + "\(admission.exportCountMax). Try again when one has ended.",
            headers: ["retry-after": String(ExportAdmission.retryTime.components.seconds)])
    }
}
