import EmulatorDatabase
import XMLTree

/// A bucket's notification configuration: which functions hear of which events.
///
/// Source: S3 API Reference, PutBucketNotificationConfiguration. Functions are
/// the only destinations there are.
struct BucketNotifications: Sendable {
    private struct Requirement: Sendable {
        var id: String
        var function: String
        var filter: ObjectEventFilter
    }

    private static let destinations = [
        "TopicConfiguration", "QueueConfiguration", "EventBridgeConfiguration",
    ]
    private var requests: [Requirement] = []

    /// - Throws: `.malformedXML`, `.invalidArgument`.
    init(_ document: XMLElement) throws(S3Error) {
        guard document.name == "NotificationConfiguration" else { throw S3Error.malformedXML }
        for name in Self.destinations where !document.all(name).isEmpty {
            throw S3Error(
                .invalidArgument, "Unable to validate the following destination configurations",
                details: [("ArgumentName", name), ("ArgumentValue", "only functions are here")])
        }
        for (number, element) in document.all("CloudFunctionConfiguration").enumerated() {
            requests.append(try Self.request(element, number: number))
        }
        let ids = Set(requests.map(\.id))
        guard ids.count == requests.count else { throw Self.invalid("Same ID used twice") }
        for (index, request) in requests.enumerated() {
            guard !requests[..<index].contains(where: { $0.filter.overlaps(request.filter) }) else {
                throw Self.invalid(
                    "Configurations overlap. Configurations on the same bucket cannot share a "
                        + "common event type.")
            }
        }
    }

    func of(_ bucket: String) -> [ObjectNotification] {
        requests.map {
            ObjectNotification(bucket: bucket, id: $0.id, function: $0.function, filter: $0.filter)
        }
    }

    private static func request(_ element: XMLElement, number: Int) throws(S3Error) -> Requirement {
        let events = element.all("Event").map(\.text)
        guard let arn = element.text(of: "CloudFunction"), !events.isEmpty else {
            throw S3Error.malformedXML
        }
        guard events.allSatisfy(isKnown) else {
            throw invalid("The event is not supported for notifications")
        }
        // arn:aws:lambda:region:account:function:name[:qualifier]
        let parts = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count >= 7, parts[2] == "lambda", parts[5] == "function" else {
            throw invalid("The ARN could not be parsed")
        }
        var filter = ObjectEventFilter(events: events)
        for key in element.all("Filter").flatMap({ $0.all("S3Key") }) {
            for rule in key.all("FilterRule") {
                let value = rule.text(of: "Value") ?? ""
                switch rule.text(of: "Name")?.lowercased() {
                case "prefix" where filter.prefix.isEmpty: filter.prefix = value
                case "suffix" where filter.suffix.isEmpty: filter.suffix = value
                default: throw invalid("filter rule name must be either prefix or suffix")
                }
            }
        }
        let id = element.text(of: "Id").flatMap { $0.isEmpty ? nil : $0 }
        return Requirement(
            id: id ?? "configuration-\(number + 1)", function: String(parts[6]), filter: filter)
    }

    private static let known = [
        "ObjectCreated:*", "ObjectCreated:Put", "ObjectCreated:Post", "ObjectCreated:Copy",
        "ObjectCreated:CompleteMultipartUpload", "ObjectRemoved:*", "ObjectRemoved:Delete",
    ]

    private static func isKnown(_ event: String) -> Bool {
        event.hasPrefix("s3:") && known.contains(String(event.dropFirst(3)))
    }

    private static func invalid(_ message: String) -> S3Error {
        S3Error(.invalidArgument, message)
    }
}
