import Captions
import EditFormats
@testable import EmulatorHTTP
@testable import EmulatorStore
@testable import FFmpeg
@testable import HTTPTransport
import JSON
@testable import LambdaRuntime
import TestSupport
import WallClock
import XMLTree

/// The parsers that read bytes of strangers, each as a function of bytes that must return.
///
/// libFuzzer drives them (`make fuzz`), and FuzzReplayTests runs them on the stored inputs.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case edit, captions, xml, event, multipart, signature, policy, range, runtime, fragments
    case relay, json

    /// Parses the bytes. A trap or a hang is the only failure.
    package func run(_ bytes: [UInt8]) {
        switch self {
        case .edit: Self.edit(bytes)
        case .captions: Self.captions(bytes)
        case .xml: Self.xml(bytes)
        case .event: _ = try? LambdaEvent(decoding: bytes)
        case .multipart: Self.multipart(bytes)
        case .signature: Self.signature(bytes)
        case .policy: Self.policy(bytes)
        case .range: Self.range(bytes)
        case .runtime: Self.runtime(bytes)
        case .fragments: Self.fragments(bytes)
        case .relay: Self.relay(bytes)
        case .json: _ = try? JSONValue(parsing: bytes)
        }
    }

    /// OpenTimelineIO and ClipForge's dialect are forms of the same document.
    private static func edit(_ bytes: [UInt8]) {
        guard let value = try? JSONValue(parsing: bytes) else { return }
        _ = try? Edit(request: value)
        _ = try? Variations(request: value, freshSeed: 1)
    }

    private static func captions(_ bytes: [UInt8]) {
        for format in [CaptionFormat.srt, .vtt, .json] {
            _ = try? CaptionTrack(bytes, format: format)
        }
    }

    private static func xml(_ bytes: [UInt8]) {
        guard let document = try? XMLElement(parsing: bytes) else { return }
        _ = try? TagSet(document, atMost: 10)
        _ = try? BucketCORS(document)
        _ = try? BucketNotifications(document)
    }

    /// The form arrives in two pieces, cut by its first byte.
    private static func multipart(_ bytes: [UInt8]) {
        guard let cut = bytes.first.map({ min(Int($0), bytes.count) }),
            var parser = MultipartParser(contentType: "multipart/form-data; boundary=b")
        else { return }
        for piece in [bytes[..<cut], bytes[cut...]] {
            piece.withUnsafeBytes { parser.receive($0) { _ in } }
        }
    }

    private static let authentication = Authentication(
        credentials: [StoreCredentials(accessKeyID: "key", secretAccessKey: "secret")],
        region: "us-east-1", now: { UnixTime(milliseconds: 1_800_000_000_000) })

    /// Lines: method, path, query, then `name: value`.
    private static func signature(_ bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 3 else { return }
        let headers = lines.dropFirst(3).compactMap { line -> (name: String, value: String)? in
            let sides = line.split(separator: ":", maxSplits: 1)
            return sides.count == 2 ? (String(sides[0]), String(sides[1])) : nil
        }
        let head = RequestHead(
            method: String(lines[0]), path: String(lines[1]), query: String(lines[2]),
            headers: HeaderFields(headers))
        guard let request = try? S3Request(head, requestID: "1") else { return }
        _ = try? authentication.check(request)
        _ = try? S3Operation(request)
        _ = try? CopySource(request)
    }

    private static func policy(_ bytes: [UInt8]) {
        var fields = ["key": "a", "bucket": "b"]
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            let sides = line.split(separator: "=", maxSplits: 1)
            if sides.count == 2 { fields[String(sides[0])] = String(sides[1]) }
        }
        _ = try? PostPolicy.check(fields, bucket: "b", authentication)
        _ = try? PostPolicy.checkLength(bytes.count, fields: fields)
    }

    private static func range(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        for size in [0, 1, 1_000, Int.max] {
            guard let chosen = try? ByteSelection(range: text, size: size) else { continue }
            precondition(chosen.offset >= 0 && chosen.bytes >= 0)
            precondition(chosen.offset <= size && chosen.bytes <= size - chosen.offset)
        }
        _ = try? TagSet(header: text)
    }

    /// The response arrives in two pieces, cut by its first byte.
    private static func runtime(_ bytes: [UInt8]) {
        guard let cut = bytes.first.map({ min(Int($0), bytes.count) }) else { return }
        var parser = HTTPResponseParser()
        do throws(HTTPParseError) {
            try parser.consume(bytes[..<cut])
            try parser.consume(bytes[cut...])
            _ = parser.response
        } catch {}
    }

    private static let folder = LocalFile.temporaryFolder()

    private static func fragments(_ bytes: [UInt8]) {
        let path = "\(folder)/fragments"
        guard LocalFile.write(bytes, to: path) else { return }
        _ = FragmentedFile.piece(path)
        _ = FragmentedFile.wholeBytes(path)
        _ = FontCollection.checksum(of: path)
    }

    private static func relay(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = ConnectionRow(text)
        guard let url = RelayURL(text) else {
            _ = RelayHead(text)
            return
        }
        precondition(!url.path.contains("\r") && !url.host.contains("\n"))
    }
}
