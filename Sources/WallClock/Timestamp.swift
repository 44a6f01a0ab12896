import Glibc

/// Wall-clock time as logs write it.
package enum Timestamp {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    package static func now() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000
    }

    /// RFC 3339 in UTC with milliseconds: `2025-03-01T09:08:07.006Z`.
    /// - Parameter unixMilliseconds: Not before 1970, not after the year 9999.
    package static func text(unixMilliseconds: Int) -> String {
        let milliseconds = max(0, unixMilliseconds)
        let (days, rest) = milliseconds.quotientAndRemainder(dividingBy: 86_400_000)
        let (year, month, day) = civilDate(daysSinceEpoch: days)
        return String(unsafeUninitializedCapacity: 24) { text in
            var index = 0
            func add(_ number: Int, _ width: Int, _ end: Unicode.Scalar) {
                var rest = number
                for place in stride(from: index + width - 1, through: index, by: -1) {
                    text[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                text[index + width] = UInt8(ascii: end)
                index += width + 1
            }
            add(year, 4, "-")
            add(month, 2, "-")
            add(day, 2, "T")
            add(rest / 3_600_000, 2, ":")
            add(rest / 60_000 % 60, 2, ":")
            add(rest / 1000 % 60, 2, ".")
            add(rest % 1000, 3, "Z")
            return index
        }
    }

    /// Years start in March here, so that the leap day is the last of its year.
    private static func civilDate(daysSinceEpoch: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
