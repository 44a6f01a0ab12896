import Crypto
import Jobs
import JSON
import LambdaRuntime
import Notify
import ObjectStore
import WallClock

/// Calls about endpoints.
struct EndpointCalls: Sendable {
    let request: AuthorizedRequest
    let directory: EndpointDirectory
    let ledger: DeliveryLedger
    let dependencies: Webhooks.Dependencies

    func list() async throws -> FunctionURLResponse {
        let endpoints = try await directory.all().map { EndpointDocument($0) }
        return .json(status: 200, ["endpoints": endpoints])
    }

    func show(_ id: String) async throws -> FunctionURLResponse {
        guard let found = try await directory.endpoint(id) else { throw Problem.endpointNotFound }
        return .json(status: 200, EndpointDocument(found.value))
    }

    /// Registers an endpoint. The secret is in this response alone.
    func register() async throws -> FunctionURLResponse {
        let fields = try EndpointRequest(
            try request.jsonObject(), rules: dependencies.deliveries.rules,
            sendsMail: dependencies.deliveries.mailSender != nil)
        let others = try await directory.all()
        guard others.count < EndpointDirectory.endpointCountMax else {
            throw Problem(
                status: 409, title: "Conflict",
                detail: "There are \(others.count) endpoints, the largest number. Delete one.")
        }
        try refuse(fields.name, among: others)
        let channel = fields.channel ?? .webhook
        let secret = channel == .email ? nil : newSecret()
        let id = EndpointID(random: dependencies.randomText(20))
        var record = EndpointRecord(
            id: id.text, name: fields.name, channel: channel, address: fields.address,
            events: fields.events ?? [], language: fields.language,
            secrets: secret.map { WebhookSecrets($0) }, createdAt: dependencies.now())
        if fields.isEnabled == false { record.disabledBecause = Self.byRequest }
        _ = try await directory.bucket.createDocument(record, at: directory.keys.endpoint(id))
        return .json(status: 201, EndpointDocument(record, secret: secret?.text))
    }

    func change(_ id: String) async throws -> FunctionURLResponse {
        let body = try request.jsonObject()
        guard let found = try await directory.endpoint(id) else { throw Problem.endpointNotFound }
        let fields = try EndpointRequest(
            body, of: found.value.channel, rules: dependencies.deliveries.rules,
            sendsMail: dependencies.deliveries.mailSender != nil)
        if fields.name != nil, fields.name != found.value.name {
            try refuse(fields.name, among: try await directory.all().filter { $0.id != id })
        }
        let isEnabledAgain = fields.isEnabled == true && !found.value.isEnabled
        if isEnabledAgain {
            try await directory.bucket.deleteObject(directory.keys.health(id))
        }
        let changed = try await directory.change(id) { record in
            record.name = fields.name ?? record.name
            record.address = fields.address ?? record.address
            record.events = fields.events ?? record.events
            record.language = fields.language ?? record.language
            if fields.isEnabled == true { record.disabledBecause = nil }
            if fields.isEnabled == false {
                record.disabledBecause = record.disabledBecause ?? Self.byRequest
            }
        }
        guard let changed else { throw Problem.endpointNotFound }
        return .json(status: 200, EndpointDocument(changed))
    }

    private static let byRequest = "Disabled by request."

    /// Deletes an endpoint. Its waiting deliveries end as failed.
    func remove(_ id: String) async throws -> FunctionURLResponse {
        guard let key = EndpointID(id).map({ directory.keys.endpoint($0) }),
            try await directory.bucket.objectExists(key)
        else { throw Problem.endpointNotFound }
        try await directory.bucket.deleteObject(key)
        try await directory.bucket.deleteObject(directory.keys.health(id))
        return FunctionURLResponse(statusCode: 204)
    }

    /// Makes a new secret. The earlier one signs too until the overlap ends, a day unless
    /// `overlapSeconds` says otherwise.
    func rotate(_ id: String) async throws -> FunctionURLResponse {
        var overlap = Duration.seconds(86_400)
        if !request.request.bodyBytes.isEmpty {
            var reader = JSONReader()
            let body = reader.object(JSONNode(try request.jsonObject(), .root))
            let seconds = body?["overlapSeconds"].flatMap {
                reader.integer($0, in: 0...(30 * 86_400))
            }
            guard reader.faults.isEmpty else { throw Problem.invalid(reader.faults) }
            overlap = seconds.map { .seconds($0) } ?? overlap
        }
        let secret = newSecret()
        let changed = try await directory.change(id) { record throws(Problem) in
            guard record.channel != .email else {
                throw Problem(
                    status: 409, title: "Conflict", detail: "E-mail has no secret.")
            }
            if record.secrets == nil { record.secrets = WebhookSecrets(secret) }
            record.secrets?.rotate(to: secret, overlap: overlap)
        }
        guard let changed else { throw Problem.endpointNotFound }
        return .json(status: 200, EndpointDocument(changed, secret: secret.text))
    }

    /// Sends a test event at once, and answers its delivery with the attempt.
    func test(_ id: String) async throws -> FunctionURLResponse {
        guard let found = try await directory.endpoint(id), found.value.channel != .secret else {
            throw Problem.endpointNotFound
        }
        let endpoint = found.value
        let now = dependencies.now()
        let event = NotificationEvent(
            type: .endpointTest, subject: endpoint.id, occurredAt: now,
            data: ["endpointId": .string(endpoint.id)])
        let delivery = DeliveryID(
            event: event.type.rawValue, subject: dependencies.randomText(20),
            receiver: endpoint.id, owner: directory.owner, occurredAt: now)
        let record = DeliveryRecord(
            id: delivery.text, event: event.type, subject: endpoint.id,
            target: DeliveryTarget(
                channel: endpoint.channel, endpoint: endpoint.id,
                address: endpoint.address ?? "", language: endpoint.language, group: endpoint.id),
            body: String(decoding: event.body(), as: UTF8.self), createdAt: now, dueAt: now)
        guard let claim = try await ledger.create(record, delivery) else {
            return .json(status: 202, DeliveryDocument(record, isWhole: true))
        }
        return .json(
            status: 200, DeliveryDocument(try await ledger.attempt(claim), isWhole: true))
    }

    /// - Throws: a 409 problem if another endpoint has the name.
    private func refuse(_ name: String?, among others: [EndpointRecord]) throws(Problem) {
        guard let name, others.contains(where: { $0.name == name || $0.id == name }) else { return }
        throw Problem(
            status: 409, title: "Conflict", detail: "Another endpoint has the name.",
            faults: [FieldFault(pointer: "/name", detail: "is the name of another endpoint")])
    }

    private func newSecret() -> WebhookSecret {
        WebhookSecret(
            key: randomBytes(count: WebhookSecret.keyBytes), createdAt: dependencies.now())
    }
}

/// An endpoint as its owner reads it.
struct EndpointDocument: Encodable, Sendable {
    var id: String
    var name: String?
    var type: String
    var url: String?
    var email: String?
    var events: [String]
    var language: String?
    var enabled: Bool
    var disabledBecause: String?
    /// Present in the response that created it.
    var secret: String?
    /// Secrets that sign now.
    var secretCount: Int
    var createdAt: String

    init(_ record: EndpointRecord, secret: String? = nil) {
        id = record.id
        name = record.name
        type = record.channel.rawValue
        url = record.channel == .webhook ? record.address : nil
        email = record.channel == .email ? record.address : nil
        events = record.events.map(\.rawValue)
        language = record.language
        enabled = record.isEnabled
        disabledBecause = record.disabledBecause
        self.secret = secret
        secretCount = record.secrets?.secrets.count ?? 0
        createdAt = record.createdAt.rfc3339
    }
}
