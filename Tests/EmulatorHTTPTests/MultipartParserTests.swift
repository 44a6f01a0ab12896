import EmulatorHTTP
import Randomness
import Testing
import TestSupport

@Suite struct MultipartParserTests {
    /// Events as text; neighbouring pieces of a part are joined.
    private static func events(
        _ body: String, boundary: String = "b", pieces: [Int]? = nil
    ) -> [String] {
        guard var parser = MultipartParser(contentType: "multipart/form-data; boundary=\(boundary)")
        else { return ["no parser"] }
        var events: [String] = []
        var part: [UInt8] = []
        let bytes = Array(body.utf8)
        var start = 0
        for count in pieces ?? [bytes.count] {
            bytes[start..<start + count].withUnsafeBytes { piece in
                parser.receive(piece) { event in
                    switch event {
                    case .began(let head):
                        events.append("\(head.name ?? "-") \(head.fileName ?? "-")")
                        part = []
                    case .bytes(let bytes): part += bytes
                    case .ended: events.append(String(decoding: part, as: UTF8.self))
                    case .closed: events.append("closed")
                    case .malformed(let text): events.append(text)
                    }
                }
            }
            start += count
        }
        return events
    }

    private static func part(_ disposition: String, _ content: String) -> String {
        "--b\r\nContent-Disposition: form-data; \(disposition)\r\n\r\n\(content)\r\n"
    }

    private static let form =
        "preamble\r\n" + part("name=a", "1") + part(#"name="b"; filename="f.mp4""#, "\r\n--\r\n-b")
        + part("name=c", "") + "--b--\r\nepilogue\r\n--b\r\n"

    private static let formEvents = [
        "a -", "1", "b f.mp4", "\r\n--\r\n-b", "c -", "", "closed",
    ]

    @Test func `a form has its parts in order`() {
        #expect(Self.events(Self.form) == Self.formEvents)
    }

    @Test(arguments: testSeeds(50))
    func `the cuts between pieces change nothing`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pieces: [Int] = []
        var left = Self.form.utf8.count
        while left > 0 {
            pieces.append(min(left, random.below(9)))
            left -= pieces.last ?? 0
        }

        #expect(
            Self.events(Self.form, pieces: pieces) == Self.formEvents, "\(replayCommand(seed))")
    }

    @Test(arguments: [
        (#"name="a;b"; filename="x;y.mp4""#, "a;b x;y.mp4"),
        (#"name="a"; filename="say \"hi\".mp4""#, #"a say "hi".mp4"#),
        (#"name="a"; filename="C:\dir\f.mp4""#, #"a C:\dir\f.mp4"#),
        (#"name="a"; filename*=utf-8''%C3%A4%20b.mp4"#, "a ä b.mp4"),
        (#"name="a"; filename="""#, "a "),
        ("NAME=a ;  filename=f", "a f"),
        ("filename=f", "- f"),
        ("name", "- -"),
    ])
    func `names are read as clients write them`(disposition: String, event: String) {
        let events = Self.events(Self.part(disposition, "x") + "--b--")

        #expect(events == [event, "x", "closed"])
    }

    @Test(arguments: ["", "no form", part("name=a", "x"), "--b\r\nname: a"])
    func `a form without its last delimiter does not close`(body: String) {
        #expect(!Self.events(body).contains("closed"))
    }

    @Test func `the head of a part has a limit`() {
        let head = "--b\r\nX: " + String(repeating: "x", count: 20_000)

        #expect(Self.events(head) == ["The head of a part is too large."])
    }

    @Test(arguments: [
        ("multipart/form-data; boundary=b", true),
        ("Multipart/Form-Data;boundary=\"a b\"; charset=utf-8", true),
        ("multipart/form-data", false),
        ("multipart/form-data; boundary=", false),
        ("multipart/mixed; boundary=b", false),
        ("text/plain; x=multipart/form-data; boundary=b", false),
    ])
    func `a content type is that of a form with a boundary`(type: String, isForm: Bool) {
        #expect((MultipartParser(contentType: type) != nil) == isForm)
    }
}
