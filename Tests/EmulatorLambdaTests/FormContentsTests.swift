import JSON
import EmulatorHTTP
import Synchronization
import Testing

@testable import EmulatorLambda

@Suite struct FormContentsTests {
    /// Keeps what is written.
    private final class Sink: UploadSink {
        let written = Mutex<[String: Int]>([:])

        func begin(key: String, contentType: String) throws -> any UploadWriter {
            Writer(sink: self, key: key)
        }

        func remove(_ keys: [String]) async {}
    }

    private final class Writer: UploadWriter {
        let sink: Sink
        let key: String

        init(sink: Sink, key: String) { (self.sink, self.key) = (sink, key) }

        func write(_ bytes: UnsafeRawBufferPointer) throws {
            sink.written.withLock { $0[key, default: 0] += bytes.count }
        }

        func commit() async throws -> String { "etag" }
    }

    private static func grant(_ more: String = "") throws -> UploadGrant {
        let json = #"{"keys":["a/","b/","c"],"fileBytesMax":4,"contentTypes":["video/*"]\#(more)}"#
        let response = Response(
            status: 200, headers: [("content-type", UploadGrant.contentType)],
            body: .bytes(Array(json.utf8)))
        return try #require(UploadGrant(response))
    }

    private static func contents(
        of parts: [(head: MultipartPart, text: String)], _ more: String = ""
    ) throws -> FormContents {
        var contents = FormContents(try grant(more), sink: Sink())
        for (head, text) in parts {
            contents.take(.began(head))
            Array(text.utf8).withUnsafeBytes { contents.take(.bytes($0)) }
            contents.take(.ended)
        }
        contents.take(.closed)
        contents.finish()
        return contents
    }

    private static func file(
        _ name: String, _ text: String, type: String? = "video/mp4"
    ) -> (MultipartPart, String) {
        (MultipartPart(name: "f", fileName: name, contentType: type, headBytes: 0), text)
    }

    @Test func `files get their keys in order, and refused ones keep their place`() throws {
        let contents = try Self.contents(of: [
            Self.file("1.mp4", "1234"), Self.file("2.txt", "1", type: "text/plain"),
            Self.file("dir/3.MOV", "123", type: "Video/quicktime; x=y"), Self.file("4.mp4", "1"),
        ])

        #expect(contents.fault == nil)
        #expect(contents.files.map(\.key) == ["a/1.mp4", "c.MOV"])
        #expect(contents.files.map(\.bytes) == [4, 3])
        #expect(contents.refused.map(\.reason) == ["contentType", "tooMany"])
    }

    @Test(arguments: [
        ("", "12345", ["tooLarge"]), ("", "", ["empty"]), ("", "1234", []),
        (#","totalBytesMax":3"#, "1234", ["tooLarge"]), (#","fileCountMax":0"#, "1", ["tooMany"]),
    ])
    func `each limit of a file has its reason`(
        more: String, text: String, reasons: [String]
    ) throws {
        let contents = try Self.contents(of: [Self.file("1.mp4", text)], more)

        #expect(contents.refused.map(\.reason) == reasons)
        #expect(contents.files.count == 1 - reasons.count)
    }

    @Test func `a file without a content type is not a video`() throws {
        let contents = try Self.contents(of: [Self.file("1.mp4", "1", type: nil)])

        #expect(contents.refused.map(\.reason) == ["contentType"])
    }

    @Test func `the first of several fields with one name counts`() throws {
        let field = { MultipartPart(name: "n", fileName: nil, contentType: nil, headBytes: 0) }
        let contents = try Self.contents(of: [(field(), "1"), (field(), "2")])

        let document = String(decoding: contents.document(etags: []).bytes, as: UTF8.self)

        #expect(document == #"{"fields":{"n":"1"},"files":[],"refused":[]}"#)
    }

    @Test func `a field above its limit is a fault, and no file is kept`() throws {
        let field = MultipartPart(name: "n", fileName: nil, contentType: nil, headBytes: 0)
        let contents = try Self.contents(
            of: [Self.file("1.mp4", "1"), (field, "12345")], #","fieldBytesMax":4"#)

        #expect(contents.fault == .fieldTooLarge("n"))
        #expect(contents.files.isEmpty)
    }

    @Test(arguments: [
        (201, UploadGrant.contentType, #"{"keys":[],"fileBytesMax":1}"#),
        (200, "application/json", #"{"keys":[],"fileBytesMax":1}"#),
        (200, UploadGrant.contentType, #"{"keys":[]}"#), (200, UploadGrant.contentType, "[]"),
    ])
    func `any other response is no grant`(status: Int, type: String, body: String) {
        let response = Response(
            status: status, headers: [("Content-Type", type)], body: .bytes(Array(body.utf8)))

        #expect(UploadGrant(response) == nil)
    }
}
