import EmulatorDatabase
import XMLTree

/// A bucket's notification configuration: the functions that its events invoke.
///
/// Source: S3 API Reference, PutBucketNotificationConfiguration. Functions are the only
/// supported destinations.
struct BucketNotifications: Sendable {
    private struct Destination: Sendable {
        var id: String
        var function: String
        var filter: ObjectEventFilter
    }

    private static let destinations = [
        "TopicConfiguration", "QueueConfiguration", "EventBridgeConfiguration",
    ]
    private var functions: [Destination] = []

    /// Reads a `NotificationConfiguration`.
    /// - Throws: `.malformedXML`, `.invalidArgument`.
    init(_ document: XMLElement) throws(S3Error) {
        guard document.name == "NotificationConfiguration" else { throw S3Error.malformedXML }
        for name in Self.destinations where !document.all(name).isEmpty {
            throw S3Error(
                .invalidArgument, "Unable to validate the following destination configurations",
                details: [
                    ("ArgumentName", name), ("ArgumentValue", "only functions are supported"),
                ])
        }
        for (number, element) in document.all("CloudFunctionConfiguration").enumerated() {
            functions.append(try Self.destination(element, number: number))
        }
        let ids = Set(functions.map(\.id))
        guard ids.count == functions.count else { throw Self.invalid("Same ID used twice") }
        for (index, one) in functions.enumerated() {
            guard !functions[..<index].contains(where: { $0.filter.overlaps(one.filter) }) else {
                throw Self.invalid(
                    "Configurations overlap. Configurations on the same bucket cannot share a "
                        + "common event type.")
            }
        }
    }

    /// The notifications as rows of the database.
    func of(_ bucket: String) -> [ObjectNotification] {
        functions.map {
            ObjectNotification(bucket: bucket, id: $0.id, function: $0.function, filter: $0.filter)
        }
    }

    private static func destination(
        _ element: XMLElement, number: Int
    ) throws(S3Error) -> Destination {
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
        return Destination(
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
