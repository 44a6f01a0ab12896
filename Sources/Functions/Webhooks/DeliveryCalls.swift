import Jobs
import JSON
import LambdaRuntime
import Notify
import ObjectStore
import WallClock

/// Calls about the log of deliveries.
struct DeliveryCalls: Sendable {
    let request: AuthorizedRequest
    let ledger: DeliveryLedger

    func show(_ id: String) async throws -> FunctionURLResponse {
        guard let id = DeliveryID(id), let found = try await ledger.read(id) else {
            throw Problem.deliveryNotFound
        }
        return .json(status: 200, DeliveryDocument(found.value, isWhole: true))
    }

    /// Sends a delivery again under its ID, and answers it with the attempt.
    func redeliver(_ id: String) async throws -> FunctionURLResponse {
        guard let id = DeliveryID(id), let found = try await ledger.read(id) else {
            throw Problem.deliveryNotFound
        }
        guard let claim = try await ledger.restart(found, id) else {
            throw Problem(
                status: 409, title: "Conflict", detail: "The delivery is being attempted.")
        }
        return .json(
            status: 200, DeliveryDocument(try await ledger.attempt(claim), isWhole: true))
    }

    private struct Page: Encodable {
        var deliveries: [DeliveryDocument]
        /// Value of `cursor` for the next page; nil after the last.
        var next: String?
    }

    /// Newest first. A page may be empty and have a next one: filters apply to the
    /// `scannedCountMax` deliveries that one request reads.
    func list() async throws -> FunctionURLResponse {
        let filter = try DeliveryFilter(request.request.queryStringParameters)
        var last = try filter.cursor.map { try key(after: $0).text }
        var found: [DeliveryDocument] = []
        var scanned = 0
        while found.count < filter.limit, scanned < Self.scannedCountMax {
            let wanted = min(100, max(filter.limit - found.count, 1))
            let page = try await ledger.bucket.listObjects(
                prefix: prefix, startAfter: last, keyCountMax: filter.isEmpty ? wanted : 100)
            let bucket = ledger.bucket
            let records = try await concurrentMap(page.objects, limit: 8) { object in
                try await bucket.document(DeliveryRecord.self, at: object.key)
            }
            for (object, record) in zip(page.objects, records) where found.count < filter.limit {
                scanned += 1
                last = object.key.text
                if let record, filter.accepts(record) {
                    found.append(DeliveryDocument(record, isWhole: false))
                }
            }
            let isLast = page.objects.last.map { $0.key.text == last } ?? true
            if !page.isTruncated, isLast {
                return .json(status: 200, Page(deliveries: found, next: nil))
            }
        }
        let next = last.flatMap { DeliveryKeys.parseRecord(ObjectKey($0))?.id.text }
        return .json(status: 200, Page(deliveries: found, next: next))
    }

    private static let scannedCountMax = 1_000
    private var prefix: String { DeliveryKeys(owner: ledger.owner).prefix }

    private func key(after cursor: String) throws(Problem) -> ObjectKey {
        guard let id = DeliveryID(cursor) else {
            throw Problem.invalid(
                [FieldFault(pointer: "/cursor", detail: "is not the cursor of a page")])
        }
        return DeliveryKeys(owner: ledger.owner).record(id)
    }
}

/// Parameters of a page of deliveries.
private struct DeliveryFilter {
    var state: DeliveryRecord.State?
    var event: EventType?
    var endpoint: String?
    var limit = 50
    var cursor: String?

    var isEmpty: Bool { state == nil && event == nil && endpoint == nil }

    /// - Throws: a 400 problem with every fault.
    init(_ parameters: [String: String]) throws(Problem) {
        var faults: [FieldFault] = []
        if let text = parameters["state"] {
            state = DeliveryRecord.State(rawValue: text)
            if state == nil {
                let known = DeliveryRecord.State.allCases.map(\.rawValue).joined(separator: ", ")
                faults.append(FieldFault(pointer: "/state", detail: "must be one of \(known)"))
            }
        }
        if let text = parameters["event"] {
            event = EventType(rawValue: text)
            if event == nil {
                let known = EventType.allCases.map(\.rawValue).joined(separator: ", ")
                faults.append(FieldFault(pointer: "/event", detail: "must be one of \(known)"))
            }
        }
        if let text = parameters["limit"] {
            let number = Int(text)
            if let number, (1...100).contains(number) {
                limit = number
            } else {
                faults.append(FieldFault(pointer: "/limit", detail: "must be from 1 to 100"))
            }
        }
        endpoint = parameters["endpoint"]
        cursor = parameters["cursor"]
        guard faults.isEmpty else { throw Problem.invalid(faults) }
    }

    func accepts(_ record: DeliveryRecord) -> Bool {
        (state == nil || record.state == state) && (event == nil || record.event == event)
            && (endpoint == nil || record.target.endpoint == endpoint)
    }
}

/// A delivery as its owner reads it.
struct DeliveryDocument: Encodable, Sendable {
    struct Attempt: Encodable, Sendable {
        var at: String
        var milliseconds: Int
        var status: Int?
        var error: String?
        var response: String?
    }

    var id: String
    var event: String
    var subject: String
    var type: String
    var endpointId: String?
    var address: String
    var state: String
    var reason: String?
    var createdAt: String
    var nextAttemptAt: String?
    var attempts: [Attempt]
    /// The message, in the document of one delivery alone.
    var payload: JSONValue?

    init(_ record: DeliveryRecord, isWhole: Bool) {
        id = record.id
        event = record.event.rawValue
        subject = record.subject
        type = record.target.channel.rawValue
        endpointId = record.target.endpoint
        address = record.target.address
        state = record.state.rawValue
        reason = record.reason
        createdAt = record.createdAt.rfc3339
        nextAttemptAt = record.dueAt?.rfc3339
        attempts = record.attempts.map {
            Attempt(
                at: $0.startedAt.rfc3339, milliseconds: $0.milliseconds, status: $0.status,
                error: $0.error, response: $0.excerpt)
        }
        payload = isWhole ? try? JSONValue(parsing: Array(record.body.utf8)) : nil
    }
}
