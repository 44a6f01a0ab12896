/// The forms in which Lambda, S3, HTTP, SigV4 and ZIP write an instant.
extension UnixTime {
    /// RFC 3339 in UTC with milliseconds: `2026-01-02T03:04:05.678Z`.
    ///
    /// Written without `String` building: every log line has one.
    package var rfc3339: String {
        let civil = CivilTime(self)
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
            add(min(max(0, civil.year), 9_999), 4, "-")
            add(civil.month, 2, "-")
            add(civil.day, 2, "T")
            add(civil.hour, 2, ":")
            add(civil.minute, 2, ":")
            add(civil.second, 2, ".")
            add(civil.millisecond, 3, "Z")
            return index
        }
    }

    /// Reads RFC 3339 in UTC, with or without a fraction of a second.
    /// - Returns: nil for any other form; digits beyond the millisecond are dropped.
    package init?(rfc3339 text: String) {
        let plain = text.filter { $0 != "-" && $0 != ":" }
        guard let dot = plain.firstIndex(of: ".") else {
            self.init(basic: plain)
            return
        }
        let fraction = plain[plain.index(after: dot)...].dropLast()
        let leading = fraction.prefix(3)
        guard plain.hasSuffix("Z"), decimal(leading) != nil, isDecimal(fraction),
            let whole = UnixTime(basic: plain[..<dot] + "Z"),
            let thousandths = decimal(leading + String(repeating: "0", count: 3 - leading.count))
        else { return nil }
        self = UnixTime(milliseconds: whole.milliseconds + thousandths)
    }

    /// ISO 8601 basic format, as SigV4 writes it: `20261120T120000Z`.
    package var basic: String {
        let civil = CivilTime(self)
        return padded(civil.year, 4) + padded(civil.month) + padded(civil.day) + "T"
            + padded(civil.hour) + padded(civil.minute) + padded(civil.second) + "Z"
    }

    /// Reads `20261120T120000Z`.
    /// - Returns: nil for any other form.
    package init?(basic text: String) {
        let text = Array(text.utf8)
        guard text.count == 16, text[8] == UInt8(ascii: "T"), text[15] == UInt8(ascii: "Z"),
            let date = decimal(String(decoding: text[0..<8], as: UTF8.self)),
            let clock = decimal(String(decoding: text[9..<15], as: UTF8.self)),
            let civil = CivilTime(
                year: date / 10_000, month: date / 100 % 100, day: date % 100,
                hour: clock / 10_000, minute: clock / 100 % 100, second: clock % 100)
        else { return nil }
        self = civil.time
    }

    /// An HTTP date (RFC 9110, 5.6.7): `Fri, 02 Jan 2026 03:04:05 GMT`.
    package var http: String {
        let civil = CivilTime(self)
        let weekday = (civil.daysSinceEpoch % 7 + 7) % 7
        return "\(weekdays[weekday]), \(padded(civil.day)) \(months[civil.month - 1]) "
            + "\(padded(civil.year, 4)) \(padded(civil.hour)):\(padded(civil.minute)):"
            + "\(padded(civil.second)) GMT"
    }

    /// Reads an HTTP date in its preferred form.
    /// - Returns: nil for any other form; the weekday is not checked.
    package init?(http text: String) {
        let words = text.split(separator: " ")
        guard words.count == 6, words[5] == "GMT", words[1].count == 2, words[3].count == 4,
            let day = decimal(words[1]), let month = months.firstIndex(of: String(words[2])),
            let year = decimal(words[3])
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { decimal($0) }
        guard clock.count == 3,
            let civil = CivilTime(
                year: year, month: month + 1, day: day, hour: clock[0], minute: clock[1],
                second: clock[2])
        else { return nil }
        self = civil.time
    }

    /// The form of access logs and of API Gateway events: `02/Jan/2026:03:04:05 +0000`.
    package var commonLog: String {
        let civil = CivilTime(self)
        return "\(padded(civil.day))/\(months[civil.month - 1])/\(padded(civil.year, 4)):"
            + "\(padded(civil.hour)):\(padded(civil.minute)):\(padded(civil.second)) +0000"
    }

    /// MS-DOS date and time, as ZIP stores them (APPNOTE 4.4.6): two-second steps from 1980.
    package var dos: (time: Int, date: Int) {
        let civil = CivilTime(self)
        guard civil.year >= 1_980 else { return (0, 1 << 5 | 1) }
        return (
            civil.hour << 11 | civil.minute << 5 | civil.second / 2,
            min(civil.year - 1_980, 127) << 9 | civil.month << 5 | civil.day
        )
    }
}

private let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
private let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]

private func padded(_ number: Int, _ width: Int = 2) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, width - text.count)) + text
}

/// The number in a text of ASCII digits; `Int` alone would accept a sign.
private func decimal(_ text: some StringProtocol) -> Int? {
    isDecimal(text) && !text.isEmpty ? Int(text) : nil
}

/// True for a text of ASCII digits, also for an empty one.
private func isDecimal(_ text: some StringProtocol) -> Bool {
    text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}
