package import JSON

/// An event of EventBridge other than a schedule's.
///
/// Source: "Events in Amazon EventBridge", Amazon EventBridge User Guide.
package struct EventBridgeEvent: Sendable, Hashable, Decodable {
    /// Unique ID of the event; an event may be delivered twice.
    package var id: String
    /// Kind of event, for instance `Object Created`.
    package var detailType: String
    /// Sender, for instance `aws.s3`.
    package var source: String
    /// Time of the event (RFC 3339).
    package var time: String
    /// ARNs of the resources concerned.
    package var resources: [String]
    /// Data of the sender.
    package var detail: JSONValue

    private enum CodingKeys: String, CodingKey {
        case id, source, time, resources, detail
        case detailType = "detail-type"
    }

    /// - Throws: `DecodingError` when `detail-type` or `source` is missing.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        id = try fields.decodeIfPresent(String.self, forKey: .id) ?? ""
        detailType = try fields.decode(String.self, forKey: .detailType)
        source = try fields.decode(String.self, forKey: .source)
        time = try fields.decodeIfPresent(String.self, forKey: .time) ?? ""
        resources = try fields.decodeIfPresent([String].self, forKey: .resources) ?? []
        detail = try fields.decodeIfPresent(JSONValue.self, forKey: .detail) ?? .null
    }

    /// The object event of a bucket that notifies through EventBridge, with keys that are
    /// not form-encoded; nil for any other event.
    package var objectEvent: S3Event? {
        guard source == "aws.s3", let bucket = detail["bucket"]?["name"]?.text,
            let object = detail["object"], let key = object["key"]?.text
        else { return nil }
        let name: String
        switch detailType {
        case "Object Created": name = "ObjectCreated:\(detail["reason"]?.text ?? "Put")"
        case "Object Deleted": name = "ObjectRemoved:Delete"
        default: return nil
        }
        return S3Event(records: [
            S3Event.Record(
                eventName: name, bucket: bucket, key: key, size: object["size"]?.integer,
                etag: object["etag"]?.text, sequencer: object["sequencer"]?.text, eventTime: time)
        ])
    }
}
