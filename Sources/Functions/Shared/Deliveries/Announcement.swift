import Crypto
import EditFormats
import Jobs
import JSON
import Logging
import Notify
import ObjectStore
import WallClock

/// An export, asset or batch that has ended.
enum AnnouncedSubject: Sendable, Hashable {
    case export(ExportKeys)
    case asset(AssetKeys)
    case batch(BatchKeys)

    /// The subject of a result's key; nil for any other key.
    init?(_ key: ObjectKey) {
        if let (keys, _) = ExportKeys.parse(key), keys.result == key {
            self = .export(keys)
        } else if let keys = AssetKeys(recordKey: key) {
            self = .asset(keys)
        } else if let keys = BatchKeys(result: key) {
            self = .batch(keys)
        } else {
            return nil
        }
    }

    var owner: OwnerID {
        switch self {
        case .export(let keys): keys.owner
        case .asset(let keys): keys.owner
        case .batch(let keys): keys.owner
        }
    }

    var id: String {
        switch self {
        case .export(let keys): keys.job.text
        case .asset(let keys): keys.asset.text
        case .batch(let keys): keys.batch.text
        }
    }
}

/// Writes the deliveries of one subject's event, and makes their first attempts.
///
/// May run twice, in two handlers at once, or be interrupted: IDs of deliveries depend on event,
/// subject and receiver alone.
struct Announcement: Sendable {
    let subject: AnnouncedSubject
    let bucket: any Bucket
    let services: DeliveryServices
    let now: @Sendable () -> UnixTime
    let logger: Logger

    private var ledger: DeliveryLedger {
        DeliveryLedger(
            bucket: bucket, owner: subject.owner, services: services, now: now, logger: logger)
    }

    /// Attempts at once for one event.
    private static let attemptCountMax = 8

    /// - Returns: The number of deliveries that did not exist before and were attempted.
    @discardableResult
    func announce() async throws -> Int {
        var claims: [DeliveryLedger.Claim] = []
        if let event = try await NotificationSource(bucket: bucket).event(of: subject) {
            claims = try await write(event)
        }
        // From here the index has every delivery; an event that was lost before this is found by
        // deliver-webhooks, which misses the notice.
        try await bucket.putObject(
            .bytes([]), at: DeliveryKeys(owner: subject.owner).notice(subject.id),
            options: PutOptions())
        let ledger = ledger
        _ = try await concurrentMap(claims, limit: Self.attemptCountMax) { claim in
            do {
                try await ledger.attempt(claim)
            } catch {
                // The claim ends and the schedule makes the attempt.
                ledger.logger.error(
                    "Delivery attempt not stored",
                    ["deliveryId": .string(claim.id.text), "error": .string("\(error)")])
            }
        }
        return claims.count
    }

    /// Writes a delivery for each receiver.
    /// - Returns: The claims of the first attempts.
    private func write(_ event: NotificationEvent) async throws -> [DeliveryLedger.Claim] {
        var claims: [DeliveryLedger.Claim] = []
        for (target, receiver, extra) in try await targets(of: event) {
            let id = DeliveryID(
                event: event.type.rawValue, subject: event.subject, receiver: receiver,
                owner: subject.owner, occurredAt: event.occurredAt)
            let record = DeliveryRecord(
                id: id.text, event: event.type, subject: event.subject, target: target,
                body: String(decoding: event.body(extra: extra), as: UTF8.self),
                createdAt: event.occurredAt, dueAt: now())
            if let claim = try await ledger.create(record, id) { claims.append(claim) }
        }
        return claims
    }

    /// The callback of a stored edit.
    private func callback(of keys: ExportKeys) async throws -> Edit.Callback? {
        do throws(ObjectStoreError) {
            let edit = try await bucket.getObject(
                keys.edit, range: nil, ifMatch: nil, bytesMax: 64 << 20)
            return (try? JSONValue(parsing: edit.body)).flatMap { Edit.Callback(request: $0) }
        } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    private typealias Receiver = (target: DeliveryTarget, receiver: String, extra: JSONValue?)

    private func targets(of event: NotificationEvent) async throws -> [Receiver] {
        let directory = EndpointDirectory(bucket: bucket, owner: subject.owner)
        var found: [Receiver] = try await directory.all().filter { $0.receives(event.type) }
            .map { endpoint in
                let target = DeliveryTarget(
                    channel: endpoint.channel, endpoint: endpoint.id,
                    address: endpoint.address ?? "", language: endpoint.language,
                    group: endpoint.id)
                return (target, endpoint.id, nil)
            }
        guard case .export(let keys) = subject, let callback = try await callback(of: keys)
        else { return found }
        if let url = callback.url {
            let target = DeliveryTarget(
                channel: .webhook, endpoint: nil, address: url, secretRef: callback.secretRef,
                group: Self.group((try? WebhookURL(url))?.host ?? url))
            found.append((target, "callback\n\(url)", callback.data))
        }
        if let email = callback.email {
            let target = DeliveryTarget(
                channel: .email, endpoint: nil, address: email, language: callback.language,
                group: Self.group("email"))
            found.append((target, "callback\n\(email)", callback.data))
        }
        return found
    }

    /// The group of a callback: all that go to one host.
    private static func group(_ host: String) -> String { "cb-\(sha256Hex(host).prefix(24))" }
}
