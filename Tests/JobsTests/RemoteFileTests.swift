import Jobs
import Testing

/// What a host says of a file, and what follows from its responses.
@Suite struct RemoteFileTests {
    private func remote(_ status: Int, _ headers: [String: String]) -> RemoteFile? {
        RemoteFile(status: status, header: { headers[$0] })
    }

    @Test func `a partial response gives the size and allows ranges`() throws {
        let file = try #require(
            remote(
                206,
                [
                    "content-range": "bytes 0-0/1000", "content-length": "1",
                    "content-type": "Video/MP4; codecs=x", "etag": "\"a\"",
                    "last-modified": "Sat, 28 Nov 2026 12:00:00 GMT",
                ]))
        #expect(file.bytes == 1_000)
        #expect(file.hasRanges)
        #expect(file.contentType == "video/mp4")
        #expect(file.validator == "\"a\"")
    }

    @Test func `a whole response has no ranges`() throws {
        let file = try #require(remote(200, ["content-length": "77", "accept-ranges": "bytes"]))
        #expect(file.bytes == 77)
        #expect(!file.hasRanges)
        #expect(file.validator == nil)
    }

    @Test func `a weak ETag does not validate a range`() {
        #expect(remote(206, ["etag": "W/\"a\"", "last-modified": "x"])?.validator == "x")
    }

    @Test(arguments: [404, 301, 500, 204]) func `other statuses are no file`(_ status: Int) {
        #expect(remote(status, [:]) == nil)
    }

    private static let ranges: [(String, ContentRange?)] = [
        ("bytes 0-9/100", ContentRange(0..<10, of: 100)),
        ("BYTES 5-5/*", ContentRange(5..<6, of: nil)),
        ("bytes 9-0/100", nil), ("bytes 0-100/100", nil), ("bytes 0-/100", nil),
        ("items 0-9/100", nil), ("bytes -1-9/100", nil), ("bytes 0-9", nil), ("", nil),
        ("bytes 0-99999999999999999999/1", nil),
    ]

    @Test(arguments: ranges)
    func `a content range is parsed or refused`(_ text: String, _ expected: ContentRange?) {
        #expect(ContentRange(text) == expected)
    }

    @Test func `missing parts are those without the right length`() {
        let parts = ImportPart.missing(bytes: 25, partBytes: 10, stored: [1: 10, 2: 9])
        #expect(parts.map(\.number) == [2, 3])
        #expect(parts.map(\.range) == [10..<20, 20..<25])
        #expect(ImportPart.missing(bytes: 20, partBytes: 10, stored: [1: 10, 2: 10]) == [])
    }

    private static let responses: [(Int, String?, Int, FetchDecision)] = [
        (206, "bytes 0-9/100", 10, .take),
        (206, "bytes 0-9/100", 9, .retry),
        (206, "bytes 10-19/100", 10, .retry),
        (206, nil, 10, .retry),
        (206, "bytes 0-9/101", 10, .startOver),
        (200, nil, 100, .startOver), (416, "bytes */50", 0, .startOver),
        (412, nil, 0, .startOver),
        (429, nil, 0, .retry), (503, nil, 0, .retry), (408, nil, 0, .retry),
        (404, nil, 0, .refuse("The host answered with status 404.")),
        (403, nil, 0, .refuse("The host answered with status 403.")),
    ]

    @Test(arguments: responses)
    func `each response of a range has one decision`(
        _ status: Int, _ range: String?, _ bytes: Int, _ expected: FetchDecision
    ) {
        let decision = FetchDecision(
            status: status, contentRange: range, bodyBytes: bytes, range: 0..<10, total: 100)
        #expect(decision == expected)
    }
}

extension ContentRange {
    fileprivate init(_ range: Range<Int>, of total: Int?) {
        let text = "bytes \(range.lowerBound)-\(range.upperBound - 1)/"
        self = ContentRange(text + (total.map(String.init) ?? "*"))!
    }
}
