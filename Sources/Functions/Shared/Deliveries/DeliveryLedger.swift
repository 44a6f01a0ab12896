import Jobs
import Logging
import Notify
import ObjectStore
import WallClock

/// Writes and attempts deliveries.
///
/// The record decides. The index entry of a due time is written before the record that names
/// it: an interruption leaves a stale entry and never a delivery without one. A running attempt
/// is a due time in the near future, so an attempt whose process ended is made again.
struct DeliveryLedger: Sendable {
    let bucket: any Bucket
    let owner: OwnerID
    let services: DeliveryServices
    let now: @Sendable () -> UnixTime
    let logger: Logger

    private var keys: DeliveryKeys { DeliveryKeys(owner: owner) }
    private var directory: EndpointDirectory { EndpointDirectory(bucket: bucket, owner: owner) }

    /// A delivery whose attempt this process has claimed.
    struct Claim: Sendable {
        var record: Versioned<DeliveryRecord>
        var id: DeliveryID
    }

    /// Writes a delivery unless it exists.
    /// - Returns: The claim of its first attempt; nil if the delivery exists, or if its receiver
    ///   was slow lately: then the schedule makes the attempt.
    func create(_ record: DeliveryRecord, _ id: DeliveryID) async throws -> Claim? {
        let time = now()
        var record = record
        let health = try await bucket.document(
            EndpointHealth.self, at: directory.keys.health(record.target.group))
        let isAvoided = health?.isAvoided(at: time) ?? false
        if isAvoided { record.dueAt = time } else { record.claim(at: time) }
        try await index(record, id)
        let etag = try await bucket.replace(record, at: keys.record(id), etag: nil)
        guard let etag else {
            // The entry belongs to the record that exists only if that one is due then.
            if try await read(id)?.value.dueAt != record.dueAt,
                let entry = DeliveryDue(record, owner, id)
            {
                try await bucket.deleteObject(entry.key)
            }
            return nil
        }
        guard !isAvoided else { return nil }
        return Claim(record: Versioned(value: record, etag: etag), id: id)
    }

    func read(_ id: DeliveryID) async throws -> Versioned<DeliveryRecord>? {
        try await bucket.versioned(DeliveryRecord.self, at: keys.record(id))
    }

    /// Starts a delivery again and claims its first attempt.
    /// - Returns: nil if another process changed the delivery in between.
    func restart(_ found: Versioned<DeliveryRecord>, _ id: DeliveryID) async throws -> Claim? {
        var record = found.value
        record.restart(at: now())
        return try await claim(Versioned(value: record, etag: found.etag), id)
    }

    /// Claims the attempt of a due entry, or ends the delivery. A stale entry is removed.
    /// - Returns: nil if there is no attempt to make.
    func claim(_ entry: DeliveryDue) async throws -> Claim? {
        guard let found = try await read(entry.id) else {
            // The process that writes the record may be between the two.
            if now() - entry.dueAt > Self.orphanTime { try await bucket.deleteObject(entry.key) }
            return nil
        }
        guard found.value.dueAt == entry.dueAt else {
            try await bucket.deleteObject(entry.key)
            return nil
        }
        let target = try await DeliveryTargetLookup(directory: directory).find(found.value.target)
        switch DeliveryDecision.of(found.value, target: target.state, now: now()) {
        case .nothing, .wait: return nil
        case .giveUp(let reason):
            var record = found.value
            record.giveUp(reason)
            if try await bucket.replace(record, at: keys.record(entry.id), etag: found.etag) != nil
            {
                try await bucket.deleteObject(entry.key)
            }
            return nil
        case .attempt:
            let claim = try await claim(found, entry.id)
            if claim != nil { try await bucket.deleteObject(entry.key) }
            return claim
        }
    }

    private static let orphanTime = Duration.seconds(900)

    private func claim(
        _ found: Versioned<DeliveryRecord>, _ id: DeliveryID
    ) async throws -> Claim? {
        var record = found.value
        record.claim(at: now())
        try await index(record, id)
        let etag = try await bucket.replace(record, at: keys.record(id), etag: found.etag)
        return etag.map { Claim(record: Versioned(value: record, etag: $0), id: id) }
    }

    /// Makes a claimed attempt and stores its result.
    /// - Returns: The record with the attempt.
    @discardableResult
    func attempt(_ claim: Claim) async throws -> DeliveryRecord {
        var record = claim.record.value
        let target = try await DeliveryTargetLookup(directory: directory).find(record.target)
        let startedAt = now()
        let reply = await DeliverySending(services: services).send(
            record, to: target, at: startedAt)
        let took = now() - startedAt
        let step = DeliveryStep.after(
            reply.response, failureCount: record.failureCount, id: record.id,
            channel: record.target.channel, schedule: services.schedule, now: now())
        let claimed = DeliveryDue(record, owner, claim.id)
        record.finish(DeliveryAttempt(reply, startedAt: startedAt, took: took), step)
        try await index(record, claim.id)
        let etag = try await bucket.replace(
            record, at: keys.record(claim.id), etag: claim.record.etag)
        if etag != nil, let claimed { try await bucket.deleteObject(claimed.key) }
        try await note(step, took: took, record.target)
        var fields: [String: LogValue] = [
            "deliveryId": .string(record.id), "event": .string(record.event.rawValue),
            "state": .string(record.state.rawValue),
        ]
        if let status = reply.status { fields["status"] = .integer(status) }
        logger.info("Delivery attempted", fields)
        return record
    }

    /// Stores the receiver's health, and disables an endpoint that always fails.
    private func note(
        _ step: DeliveryStep, took: Duration, _ target: DeliveryTarget
    ) async throws {
        let key = directory.keys.health(target.group)
        let found = try await bucket.versioned(EndpointHealth.self, at: key)
        let health = found?.value ?? EndpointHealth()
        let next = health.after(step, took: took, at: now())
        if next != health {
            // A lost race loses one step of a count that others continue.
            _ = try await bucket.replace(next, at: key, etag: found?.etag)
        }
        var reason = next.disablesBecause(at: now())
        if case .giveUp(let text, disables: true) = step { reason = text }
        guard let reason, let endpoint = target.endpoint else { return }
        _ = try await directory.change(endpoint) { record in
            record.disabledBecause = record.disabledBecause ?? reason
        }
        logger.warning(
            "Endpoint disabled", ["endpointId": .string(endpoint), "reason": .string(reason)])
    }

    /// Writes the index entry of a pending record.
    private func index(_ record: DeliveryRecord, _ id: DeliveryID) async throws {
        guard let entry = DeliveryDue(record, owner, id) else { return }
        try await bucket.putObject(.bytes([]), at: entry.key, options: PutOptions())
    }
}

extension DeliveryDue {
    /// The entry of a record; nil unless it is pending.
    fileprivate init?(_ record: DeliveryRecord, _ owner: OwnerID, _ id: DeliveryID) {
        guard let dueAt = record.dueAt else { return nil }
        self.init(dueAt: dueAt, owner: owner, group: record.target.group, id: id)
    }
}

extension DeliveryReply {
    var status: Int? {
        if case .status(let status, _) = response { status } else { nil }
    }
}

extension DeliveryAttempt {
    init(_ reply: DeliveryReply, startedAt: UnixTime, took: Duration) {
        let error: String? =
            switch reply.response {
            case .status: nil
            case .unreachable(let text), .refused(let text): text
            }
        self.init(
            startedAt: startedAt, milliseconds: took.wholeMilliseconds, status: reply.status,
            error: error, excerpt: reply.excerpt)
    }
}
