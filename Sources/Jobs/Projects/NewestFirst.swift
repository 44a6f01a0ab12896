import WallClock

/// Text of a time for keys whose listing has the newest first: listings ascend, so a key
/// contains the difference from a time in the year 2286, in 13 digits.
enum NewestFirst {
    private static let millisecondsMax = 9_999_999_999_999

    static func text(of time: UnixTime) -> String {
        let digits = String(max(0, millisecondsMax - time.milliseconds))
        return String(repeating: "0", count: max(0, 13 - digits.count)) + digits
    }

    /// The time of such a text; nil for any other text.
    static func time(of text: some StringProtocol) -> UnixTime? {
        guard text.utf8.count == 13, let age = Int(text), age >= 0 else { return nil }
        return UnixTime(milliseconds: millisecondsMax - age)
    }
}
