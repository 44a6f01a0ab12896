import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

/// Finds results that were never announced: their event failed at every attempt.
///
/// notify writes a notice for each subject. For each owner, the list of the day's exports and
/// batches is compared with the notices, both in order of time; only a subject without a notice
/// is read. The cost grows with the owners and the day's exports, not with the objects.
struct MissedResults: Sendable {
    let dependencies: DeliverWebhooks.Dependencies
    let context: InvocationContext

    private var bucket: any Bucket { dependencies.bucket }

    /// Age of the oldest export or asset that is looked at.
    private static let reach = Duration.seconds(86_400)
    /// Age that a result has at least: its event may still be on its way.
    private static let patience = Duration.seconds(300)

    /// - Returns: The number of results that were announced.
    func announce() async throws -> Int {
        var count = 0
        for owner in try await owners() {
            let notices = try await notices(of: owner)
            for subject in try await subjects(of: owner) where !notices.contains(subject.id) {
                guard context.deadline - dependencies.now() > DeliverWebhooks.reserve else {
                    return count
                }
                count += try await announce(subject) ? 1 : 0
            }
        }
        return count
    }

    private func announce(_ subject: AnnouncedSubject) async throws -> Bool {
        guard let info = try await bucket.objectInfo(subject.resultKey),
            dependencies.now() - info.lastModified > Self.patience
        else { return false }
        context.logger.warning(
            "Result announced late: its event was lost", ["subject": .string(subject.id)])
        try await Announcement(
            subject: subject, bucket: bucket, services: dependencies.deliveries,
            now: dependencies.now, logger: context.logger
        ).announce()
        return true
    }

    /// The owners of exports and assets: one listing each, which skips the rest of an owner.
    private func owners() async throws -> Set<OwnerID> {
        var found: Set<OwnerID> = []
        for prefix in [ExportKeys.recentPrefix, AssetKeys.everyPrefix] {
            var last: String?
            while let object = try await bucket.listObjects(
                prefix: prefix, startAfter: last, keyCountMax: 1
            ).objects.first {
                let parts = object.key.text.split(separator: "/")
                guard parts.count > 1, let owner = OwnerID(String(parts[1])) else { break }
                found.insert(owner)
                last = "\(prefix)\(owner.text)/~"
            }
        }
        return found
    }

    private func notices(of owner: OwnerID) async throws -> Set<String> {
        let prefix = DeliveryKeys(owner: owner).noticesPrefix
        let objects = try await bucket.listAllObjects(prefix: prefix)
        return Set(objects.map { String($0.key.text.dropFirst(prefix.count)) })
    }

    /// The day's exports, batches and assets.
    private func subjects(of owner: OwnerID) async throws -> [AnnouncedSubject] {
        let oldest = dependencies.now() - Self.reach
        var subjects: [AnnouncedSubject] = []
        for try await object in bucket.objects(prefix: ExportKeys.recentPrefix(of: owner)) {
            let (subject, time): (AnnouncedSubject, UnixTime)
            switch RecentEntry(object.key) {
            case .export(let keys): (subject, time) = (.export(keys), keys.job.time)
            case .output(let keys, let batch): (subject, time) = (.export(keys), batch.batch.time)
            case .batch(let keys): (subject, time) = (.batch(keys), keys.batch.time)
            case nil: continue
            }
            guard time >= oldest else { break }
            subjects.append(subject)
        }
        let assets = AssetKeys.listing(of: owner, since: oldest)
        let page = try await bucket.listObjects(
            prefix: assets.prefix, startAfter: assets.startAfter, keyCountMax: 1_000)
        subjects += page.objects.compactMap { AssetKeys(recordKey: $0.key) }.map { .asset($0) }
        return subjects
    }
}

extension AnnouncedSubject {
    /// The object that ends the subject.
    fileprivate var resultKey: ObjectKey {
        switch self {
        case .export(let keys): keys.result
        case .asset(let keys): keys.record
        case .batch(let keys): keys.result
        }
    }
}
