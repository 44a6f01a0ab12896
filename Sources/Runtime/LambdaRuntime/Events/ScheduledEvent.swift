/// An event of a schedule, in EventBridge's shape.
package struct ScheduledEvent: Sendable, Hashable, Decodable {
    /// Unique ID of the event.
    package var id: String
    /// Kind of event, `Scheduled Event`.
    package var detailType: String
    /// Sender, `aws.events` or `aws.scheduler`.
    package var source: String
    /// Scheduled time (RFC 3339).
    package var time: String
    /// ARNs of the schedule's rules.
    package var resources: [String]

    /// An event, for tests of handlers.
    package init(
        id: String, detailType: String = "Scheduled Event", source: String = "aws.events",
        time: String, resources: [String] = []
    ) {
        self.id = id
        self.detailType = detailType
        self.source = source
        self.time = time
        self.resources = resources
    }

    private enum CodingKeys: String, CodingKey {
        case id, source, time, resources
        case detailType = "detail-type"
    }

    /// Reads an event.
    /// - Throws: `DecodingError` when `detail-type` or `source` is missing.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decodeIfPresent(String.self, forKey: .id) ?? ""
        detailType = try fields.decode(String.self, forKey: .detailType)
        source = try fields.decode(String.self, forKey: .source)
        time = try fields.decodeIfPresent(String.self, forKey: .time) ?? ""
        resources = try fields.decodeIfPresent([String].self, forKey: .resources) ?? []
    }
}
