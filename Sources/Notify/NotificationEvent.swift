package import JSON
package import WallClock

/// Kinds of events that are announced.
package enum EventType: String, Hashable, Sendable, Codable, CaseIterable {
    case exportCompleted = "export.completed"
    case exportFailed = "export.failed"
    case exportCancelled = "export.cancelled"
    case assetReady = "asset.ready"
    case assetFailed = "asset.failed"
    case batchCompleted = "batch.completed"
    /// Sent on request to one endpoint; no endpoint subscribes to it.
    case endpointTest = "endpoint.test"

    /// The types that an endpoint can subscribe to, in the order of their declaration.
    package static let subscribable = allCases.filter { $0 != .endpointTest }
}

/// Something that happened to one export, asset or batch.
package struct NotificationEvent: Hashable, Sendable {
    /// Kind of the event.
    package var type: EventType
    /// ID of the export, asset or batch.
    package var subject: String
    /// Time of the event, the same each time the event is built.
    package var occurredAt: UnixTime
    /// Facts about the subject.
    package var data: [String: JSONValue]

    /// An event.
    package init(
        type: EventType, subject: String, occurredAt: UnixTime, data: [String: JSONValue]
    ) {
        self.type = type
        self.subject = subject
        self.occurredAt = occurredAt
        self.data = data
    }

    /// The body of a webhook as UTF-8: `{type, timestamp, data}`, the shape of Standard
    /// Webhooks.
    /// - Parameter extra: `callback.data` of the edit, returned as `data.callback`; nil for none.
    package func body(extra: JSONValue? = nil) -> [UInt8] {
        var data = data
        if let extra { data["callback"] = extra }
        return JSONOutput.object([
            ("type", .string(type.rawValue)), ("timestamp", .string(occurredAt.rfc3339)),
            ("data", JSONOutput(.object(data))),
        ]).bytes
    }
}
