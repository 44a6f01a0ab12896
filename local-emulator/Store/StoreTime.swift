import AWSSignature
import Glibc

/// Times as S3 and HTTP write them, from milliseconds since 1970 (UTC).
package enum StoreTime {
    /// The system's clock, milliseconds since 1970.
    package static let systemMilliseconds: @Sendable () -> Int = {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `2026-01-02T03:04:05.678Z`, as in S3's XML.
    static func iso(_ milliseconds: Int) -> String {
        let time = Parts(milliseconds)
        return "\(pad(time.year, 4))-\(pad(time.month))-\(pad(time.day))T"
            + "\(pad(time.hour)):\(pad(time.minute)):\(pad(time.second))."
            + "\(pad(milliseconds % 1_000, 3))Z"
    }

    /// `Fri, 02 Jan 2026 03:04:05 GMT` (RFC 9110, 5.6.7).
    static func http(_ milliseconds: Int) -> String {
        let time = Parts(milliseconds)
        return "\(days[time.dayNumber % 7]), \(pad(time.day)) \(months[time.month - 1]) "
            + "\(pad(time.year, 4)) \(pad(time.hour)):\(pad(time.minute)):\(pad(time.second)) GMT"
    }

    /// Seconds since 1970 of `Fri, 02 Jan 2026 03:04:05 GMT`; nil for another form.
    static func seconds(http text: String) -> Int? {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", let day = Int(words[1]),
            let month = months.firstIndex(of: String(words[2])), let year = Int(words[3])
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 3 else { return nil }
        return dayNumber(year, month + 1, day) * 86_400 + clock[0] * 3_600 + clock[1] * 60
            + clock[2]
    }

    /// Seconds since 1970 of `2026-01-02T03:04:05.678Z`; nil for another form.
    static func seconds(iso text: String) -> Int? {
        let compact = text.filter { $0 != "-" && $0 != ":" }
        let seconds = compact.prefix { $0 != "." && $0 != "Z" }
        return compact.hasSuffix("Z") ? SigV4Time.seconds(timestamp: seconds + "Z") : nil
    }

    /// Days since 1970 in the proleptic Gregorian calendar.
    private static func dayNumber(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    private static func pad(_ number: Int, _ width: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    private struct Parts {
        let dayNumber, year, month, day, hour, minute, second: Int

        init(_ milliseconds: Int) {
            let seconds = milliseconds / 1_000
            dayNumber = seconds / 86_400
            hour = seconds % 86_400 / 3_600
            minute = seconds % 3_600 / 60
            second = seconds % 60
            let shifted = dayNumber + 719_468
            let era = shifted / 146_097
            let dayOfEra = shifted - era * 146_097
            let yearOfEra =
                (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let shiftedMonth = (5 * dayOfYear + 2) / 153
            day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
            month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
            year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        }
    }
}
