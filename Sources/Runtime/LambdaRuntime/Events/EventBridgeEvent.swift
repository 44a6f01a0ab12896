package import JSON

/// An event of EventBridge that is no tick of the clock.
///
/// Source: "Events in Amazon EventBridge", Amazon EventBridge User Guide.
package struct EventBridgeEvent: Sendable, Hashable, Decodable {
    /// Unique for each event; a delivery may come twice.
    package var id: String
    /// `Object Created`, for instance.
    package var detailType: String
    /// `aws.s3`, for instance.
    package var source: String
    /// When it happened, RFC 3339.
    package var time: String
    /// ARNs of what it is about.
    package var resources: [String]
    /// The sender's own.
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

    /// S3's own event about an object, where a bucket notifies through
    /// EventBridge; nil for any other event. Keys are not form-encoded here.
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
