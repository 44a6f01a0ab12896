@testable import EmulatorStore
import Testing
import WallClock

@Suite struct StoreValueTests {
    @Test func `instants have the forms of S3 and HTTP`() {
        let time = 1_772_323_445_678

        #expect(UnixTime(milliseconds: time).rfc3339 == "2026-03-01T00:04:05.678Z")
        #expect(UnixTime(milliseconds: time).http == "Sun, 01 Mar 2026 00:04:05 GMT")
        #expect(UnixTime(http: "Sun, 01 Mar 2026 00:04:05 GMT")?.seconds == time / 1_000)
        #expect(UnixTime(rfc3339: "2026-03-01T00:04:05.678Z")?.seconds == time / 1_000)
        #expect(UnixTime(milliseconds: 0).http == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(UnixTime(http: "yesterday")?.seconds == nil)
    }

    @Test(arguments: [
        ("bytes=0-0", 0, 1), ("bytes=2-", 2, 8), ("bytes=-3", 7, 3), ("bytes=-99", 0, 10),
        ("bytes=5-99", 5, 5), ("bytes=9-9", 9, 1),
    ])
    func `a range selects its bytes`(range: String, offset: Int, bytes: Int) throws {
        let selection = try ByteSelection(range: range, size: 10)

        #expect((selection.offset, selection.bytes, selection.isPartial) == (offset, bytes, true))
    }

    @Test(arguments: ["bytes=10-", "bytes=-0", "bytes=11-12"])
    func `a range after the end is refused`(range: String) {
        let error = #expect(throws: S3Error.self) { try ByteSelection(range: range, size: 10) }
        #expect(error?.code == .invalidRange)
    }

    @Test(arguments: ["items=0-1", "bytes=3-2", "bytes=a-b", "bytes=0-1,3-4", "bytes"])
    func `a malformed range is ignored`(range: String) throws {
        #expect(try !ByteSelection(range: range, size: 10).isPartial)
    }

    @Test(arguments: [
        ("spool", true), ("a.b-c1", true), ("ab", false), ("A-b", false), ("a..b", false),
        ("-abc", false), ("abc.", false), ("..", false), (String(repeating: "a", count: 64), false),
    ])
    func `bucket names follow S3's rules`(name: String, isGood: Bool) {
        #expect(ObjectStoreServer.isBucketName(name) == isGood)
    }
}
