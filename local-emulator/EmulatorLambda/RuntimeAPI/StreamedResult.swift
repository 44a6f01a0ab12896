import EmulatorHTTP
import FoundationEssentials
import JSON

/// The response of a function URL in mode RESPONSE_STREAM.
///
/// With the media type of an HTTP integration, a JSON prelude of status, headers
/// and cookies precedes eight NUL bytes and the body. Otherwise all bytes are the
/// body.
struct StreamedResult: Sendable {
    static let preludeType = "application/vnd.awslambda.http-integration-response"
    private static let separator = [UInt8](repeating: 0, count: 8)
    /// Maximum size of a prelude in bytes; a longer one is an invalid response.
    private static let preludeBytesMax = 64 << 10

    private struct Prelude: Decodable {
        var statusCode: Int?
        var headers: [String: HeaderText]?
        var cookies: [String]?
    }

    /// Reads the part of the stream that contains the head of the response.
    /// - Returns: nil for an invalid prelude.
    /// - Throws: `ResponseBodyStream.Broken` if the function failed before its end.
    static func response(_ stream: ResponseBodyStream) async throws -> Response? {
        guard stream.contentType == preludeType else {
            let type = stream.contentType ?? "application/octet-stream"
            return Response(status: 200, headers: [("Content-Type", type)], body: .stream(stream))
        }
        var bytes: [UInt8] = []
        var end: Int?
        while end == nil {
            guard let more = try await stream.next() else { break }
            bytes += more
            end = firstSeparator(in: bytes)
            if end == nil, bytes.count > preludeBytesMax { return nil }
        }
        let prelude = bytes.prefix(end ?? bytes.count)
        guard let document = try? JSONDecoder().decode(Prelude.self, from: Data(prelude)),
            200...599 ~= document.statusCode ?? 200
        else { return nil }
        var headers = responseHeaders(document.headers ?? [:], cookies: document.cookies ?? [])
        if !headers.contains(where: { $0.0.lowercased() == "content-type" }) {
            headers.append(("Content-Type", "application/octet-stream"))
        }
        let rest = end.map { Array(bytes.dropFirst($0 + separator.count)) } ?? []
        return Response(
            status: document.statusCode ?? 200, headers: headers,
            body: .stream(PrefixedStream(first: rest, rest: stream)))
    }

    private static func firstSeparator(in bytes: [UInt8]) -> Int? {
        guard bytes.count >= separator.count else { return nil }
        return (0...bytes.count - separator.count).first {
            bytes[$0] == 0 && bytes[$0..<$0 + separator.count].elementsEqual(separator)
        }
    }
}

/// A stream that starts with bytes already read.
private actor PrefixedStream: ResponseByteStream {
    private var first: [UInt8]
    private let rest: ResponseBodyStream

    init(first: [UInt8], rest: ResponseBodyStream) {
        self.first = first
        self.rest = rest
    }

    func next() async throws -> [UInt8]? {
        guard first.isEmpty else {
            defer { first = [] }
            return first
        }
        return try await rest.next()
    }

    nonisolated func abandon() { rest.abandon() }
}

/// The response of InvokeWithResponseStream: payload events while they arrive,
/// then an event with the outcome.
actor InvokeResponseStream: ResponseByteStream {
    private let source: ResponseBodyStream
    /// Returns the end of the log in base64; nil if it was not requested.
    private let logTail: @Sendable () -> String?
    private var isDone = false

    init(_ source: ResponseBodyStream, logTail: @escaping @Sendable () -> String?) {
        self.source = source
        self.logTail = logTail
    }

    nonisolated func abandon() { source.abandon() }

    func next() async throws -> [UInt8]? {
        if isDone { return nil }
        do {
            if let bytes = try await source.next() {
                return EventStreamMessage(
                    event: "PayloadChunk", contentType: "application/octet-stream", payload: bytes
                ).bytes
            }
            isDone = true
            return Self.end(nil, logTail: logTail())
        } catch let error as ResponseBodyStream.Broken {
            isDone = true
            return Self.end(error.failure, logTail: logTail())
        }
    }

    /// Encodes a complete response as a stream.
    static func bytes(_ payload: [UInt8], _ failure: InvocationFailure?, logTail: String?)
        -> [UInt8]
    {
        let chunk = EventStreamMessage(
            event: "PayloadChunk", contentType: "application/octet-stream", payload: payload)
        return (payload.isEmpty ? [] : chunk.bytes) + end(failure, logTail: logTail)
    }

    private static func end(_ failure: InvocationFailure?, logTail: String?) -> [UInt8] {
        let document = JSONOutput.compact([
            ("ErrorCode", .optional(failure?.type)),
            ("ErrorDetails", failure.map { .string(String(decoding: $0.payload, as: UTF8.self)) }),
            ("LogResult", .optional(logTail)),
        ])
        return EventStreamMessage(
            event: "InvokeComplete", contentType: "application/json", payload: document.bytes
        ).bytes
    }
}
