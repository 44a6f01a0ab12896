import Testing
import WallClock

@Suite struct UnixTimeTests {
    private static let forms: [(milliseconds: Int, rfc3339: String, http: String, basic: String)] =
        [
            (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT", "19700101T000000Z"),
            (
                1_772_323_445_678, "2026-03-01T00:04:05.678Z", "Sun, 01 Mar 2026 00:04:05 GMT",
                "20260301T000405Z"
            ),
            (
                1_709_164_800_000, "2024-02-29T00:00:00.000Z", "Thu, 29 Feb 2024 00:00:00 GMT",
                "20240229T000000Z"
            ),
            (
                253_402_300_799_999, "9999-12-31T23:59:59.999Z", "Fri, 31 Dec 9999 23:59:59 GMT",
                "99991231T235959Z"
            ),
        ]

    @Test(arguments: forms.indices)
    func `an instant is written and read in each form`(index: Int) {
        let (milliseconds, rfc3339, http, basic) = Self.forms[index]
        let time = UnixTime(milliseconds: milliseconds)
        let whole = UnixTime(seconds: time.seconds)

        #expect(time.rfc3339 == rfc3339)
        #expect(time.http == http)
        #expect(time.basic == basic)
        #expect(UnixTime(rfc3339: rfc3339) == time)
        #expect(UnixTime(http: http) == whole)
        #expect(UnixTime(basic: basic) == whole)
    }

    @Test func `every day of four centuries is read back`() {
        for day in stride(from: -719_468, to: 146_097, by: 1) {
            let time = UnixTime(seconds: day * 86_400)
            guard CivilTime(time).time == time else {
                Issue.record("day \(day) is read as \(CivilTime(time))")
                return
            }
        }
    }

    @Test(arguments: [
        "", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00",
        "2026-01-01T00:00:00.5", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.123xZ",
        "+026-01-01T00:00:00Z",
    ])
    func `text that is not RFC 3339 in UTC is refused`(text: String) {
        #expect(UnixTime(rfc3339: text) == nil)
    }

    @Test(arguments: [
        "", "yesterday", "Sun, 01 Mär 2026 00:04:05 GMT", "Sun, 01 Mar 2026 00:04:05 CET",
        "Sun, 1 Mar 2026 00:04:05 GMT", "Sun, 01 Mar 2026 00:04 GMT",
    ])
    func `text that is not an HTTP date is refused`(text: String) {
        #expect(UnixTime(http: text) == nil)
    }

    @Test func `a fraction of a second is cut to milliseconds`() {
        #expect(UnixTime(rfc3339: "1970-01-01T00:00:00.5Z")?.milliseconds == 500)
        #expect(UnixTime(rfc3339: "1970-01-01T00:00:00.123456Z")?.milliseconds == 123)
        #expect(UnixTime(rfc3339: "1970-01-01T00:00:01Z")?.milliseconds == 1_000)
    }

    @Test func `the time before 1970 has whole seconds below it`() {
        let time = UnixTime(milliseconds: -1)

        #expect(time.seconds == -1)
        #expect(CivilTime(time).year == 1_969)
        #expect(CivilTime(time).millisecond == 999)
    }

    @Test func `ZIP's years start in 1980`() {
        #expect(UnixTime(milliseconds: 0).dos == (0, 33))
        let time = UnixTime(milliseconds: 1_772_323_445_678)
        #expect(time.dos == (4 << 5 | 2, 46 << 9 | 3 << 5 | 1))
    }

    @Test func `durations move an instant and measure between two`() {
        let time = UnixTime(seconds: 10)

        #expect(time + .milliseconds(1_500) == UnixTime(milliseconds: 11_500))
        #expect(time - .seconds(11) == UnixTime(seconds: -1))
        #expect(UnixTime(seconds: 12) - time == .seconds(2))
        #expect(time.commonLog == "01/Jan/1970:00:00:10 +0000")
    }
}
