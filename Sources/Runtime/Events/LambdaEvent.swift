import FoundationEssentials

/// An event by its shape: nothing else says where an event comes from.
package enum LambdaEvent: Sendable, Hashable {
    case functionURL(FunctionURLRequest)
    case s3(S3Event)
    case schedule(ScheduledEvent)
    /// Any other JSON, as it came: a direct invoke.
    case direct([UInt8])

    /// - Throws: `LambdaEventError` when the bytes are not JSON, or have a
    ///   known event's shape with a field missing or of the wrong type.
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
    /// The place in the event, as a JSON pointer where there is one, and what is
    /// wrong there.
    package var detail: String

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

/// Looks at an object's names once and decodes what they announce, so that a
/// large event is parsed once.
private struct KnownEvent: Decodable {
    var event: LambdaEvent?

    private enum CodingKeys: String, CodingKey {
        case requestContext, http, source
        case records = "Records"
        case event = "Event"
        case detailType = "detail-type"
    }

    private struct Source: Decodable {
        var s3: Anything?
    }

    /// Present, whatever it is.
    private struct Anything: Decodable {
        init(from decoder: any Decoder) {}
    }

    init(from decoder: any Decoder) throws {
        guard let fields = try? decoder.container(keyedBy: CodingKeys.self) else { return }
        if let context = try? fields.nestedContainer(
            keyedBy: CodingKeys.self, forKey: .requestContext), context.contains(.http)
        {
            event = .functionURL(try FunctionURLRequest(from: decoder))
        } else if KnownEvent.isFromS3(fields) {
            event = .s3(try S3Event(from: decoder))
        } else if fields.contains(.detailType), fields.contains(.source) {
            event = .schedule(try ScheduledEvent(from: decoder))
        }
    }

    private static func isFromS3(_ fields: KeyedDecodingContainer<CodingKeys>) -> Bool {
        if (try? fields.decodeIfPresent(String.self, forKey: .event)) == "s3:TestEvent" {
            return true
        }
        let records = try? fields.decodeIfPresent([Source].self, forKey: .records)
        return records?.first?.s3 != nil
    }
}
