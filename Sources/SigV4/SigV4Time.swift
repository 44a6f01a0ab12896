/// Instants in SigV4's own form, without a calendar library.
package enum SigV4Time {
    /// `20261120T120000Z`
    /// - Parameter seconds: Since 1970, UTC.
    package static func timestamp(seconds: Int) -> String {
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let time = seconds - days * 86_400
        let (year, month, day) = civil(days: days)
        return padded(year, 4) + padded(month, 2) + padded(day, 2) + "T"
            + padded(time / 3_600, 2) + padded(time / 60 % 60, 2) + padded(time % 60, 2) + "Z"
    }

    /// Seconds since 1970, or nil for text of another form.
    package static func seconds(timestamp: String) -> Int? {
        let text = Array(timestamp.utf8)
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z"),
            let date = number(text[0..<8]), let time = number(text[9..<15])
        else { return nil }
        let (month, day) = (date / 100 % 100, date % 100)
        guard (1...12).contains(month), (1...31).contains(day), time / 10_000 < 24,
            time / 100 % 100 < 60, time % 100 < 61
        else { return nil }
        return days(year: date / 10_000, month: month, day: day) * 86_400
            + time / 10_000 * 3_600 + time / 100 % 100 * 60 + time % 100
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        let isDecimal = digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isDecimal ? digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } : nil
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    // Proleptic Gregorian days, by eras of 400 years that begin in March
    // (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").

    private static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    private static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
    }
}
