import FoundationEssentials

/// An event, classified by its shape: Lambda does not name the source of an event.
package enum LambdaEvent: Sendable, Hashable {
    /// A function URL, or an HTTP API with payload format 2.0.
    case functionURL(FunctionURLRequest)
    /// A REST API, or payload format 1.0; responses have that format, too.
    case apiGateway(APIGatewayRequest)
    case s3(S3Event)
    case sqs(SQSEvent)
    case schedule(ScheduledEvent)
    case eventBridge(EventBridgeEvent)
    case destination(DestinationRecord)
    /// Any other JSON, unchanged: a direct invocation.
    case direct([UInt8])

    /// Classifies and decodes an event.
    /// - Throws: `LambdaEventError` when the bytes are not JSON, or have the shape of a
    ///   known event with a field missing or of the wrong type.
    package init(decoding bytes: [UInt8]) throws(LambdaEventError) {
        do {
            let known = try JSONDecoder().decode(KnownEvent.self, from: Data(bytes))
            self = known.event ?? .direct(bytes)
        } catch let error as DecodingError {
            throw LambdaEventError(error)
        } catch {
            throw LambdaEventError(detail: String(describing: error))
        }
    }
}

/// An event that cannot be read.
package struct LambdaEventError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The fault and its place in the event, as a JSON pointer if there is one.
    package var detail: String

    /// One sentence with the fault.
    package var description: String { "The event cannot be read: \(detail)" }
}

extension LambdaEventError {
    fileprivate init(_ error: DecodingError) {
        func path(_ context: DecodingError.Context) -> String {
            "/" + context.codingPath.map(\.stringValue).joined(separator: "/")
        }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            detail = "\(path(context)) has the wrong type."
        case .keyNotFound(let key, let context):
            detail = "\(path(context)) has no field \(key.stringValue)."
        case .dataCorrupted(let context):
            detail = "\(path(context)): \(context.debugDescription)"
        @unknown default:
            detail = "It has an unknown shape."
        }
    }
}

/// Decodes an event by the names of its fields, so that a large event is parsed once.
private struct KnownEvent: Decodable {
    var event: LambdaEvent?

    private enum CodingKeys: String, CodingKey {
        case requestContext, http, httpMethod, source, requestPayload
        case records = "Records"
        case event = "Event"
        case detailType = "detail-type"
    }

    private struct Source: Decodable {
        var s3: Anything?
        var eventSource: String?
    }

    /// Any value: only its presence counts.
    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    init(from decoder: any Decoder) throws {
        guard let fields = try? decoder.container(keyedBy: CodingKeys.self) else { return }
        if let context = try? fields.nestedContainer(
            keyedBy: CodingKeys.self, forKey: .requestContext), context.contains(.http)
        {
            event = .functionURL(try FunctionURLRequest(from: decoder))
        } else if fields.contains(.requestContext), fields.contains(.requestPayload) {
            event = .destination(try DestinationRecord(from: decoder))
        } else if fields.contains(.requestContext), fields.contains(.httpMethod) {
            event = .apiGateway(try APIGatewayRequest(from: decoder))
        } else if fields.contains(.detailType), fields.contains(.source) {
            let type = try fields.decode(String.self, forKey: .detailType)
            event =
                type == "Scheduled Event"
                ? .schedule(try ScheduledEvent(from: decoder))
                : .eventBridge(try EventBridgeEvent(from: decoder))
        } else {
            event = try KnownEvent.recordsEvent(fields, decoder)
        }
    }

    private static func recordsEvent(
        _ fields: KeyedDecodingContainer<CodingKeys>, _ decoder: any Decoder
    ) throws -> LambdaEvent? {
        if (try? fields.decodeIfPresent(String.self, forKey: .event)) == "s3:TestEvent" {
            return .s3(try S3Event(from: decoder))
        }
        let records = try? fields.decodeIfPresent([Source].self, forKey: .records)
        guard let first = records?.first else { return nil }
        if first.s3 != nil { return .s3(try S3Event(from: decoder)) }
        return first.eventSource == "aws:sqs" ? .sqs(try SQSEvent(from: decoder)) : nil
    }
}
