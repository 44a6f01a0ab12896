package import WallClock
import FoundationEssentials

/// A schedule in one of EventBridge's two notations.
package enum Schedule: Sendable, Equatable {
    /// `rate(5 minutes)`. Seconds are an extension: EventBridge starts at one minute.
    case rate(seconds: Int)
    /// `cron(minute hour day-of-month month day-of-week year)`, UTC.
    case cron(CronExpression)

    /// Parses a schedule.
    /// - Returns: nil for any other notation.
    package init?(_ text: String) {
        let text = text.trimmingPrefix { $0 == " " }
        if text.hasPrefix("rate("), text.hasSuffix(")") {
            let words = text.dropFirst(5).dropLast().split(separator: " ")
            guard words.count == 2, let count = Int(words[0]), count > 0,
                let unit = Self.secondsPerUnit[String(words[1])], count <= 31_536_000
            else { return nil }
            self = .rate(seconds: count * unit)
        } else if text.hasPrefix("cron("), text.hasSuffix(")") {
            guard let expression = CronExpression(String(text.dropFirst(5).dropLast()))
            else { return nil }
            self = .cron(expression)
        } else {
            return nil
        }
    }

    /// Returns the next time after `now`; nil if there is none.
    package func next(after now: UnixTime) -> UnixTime? {
        switch self {
        case .rate(let seconds): now + .seconds(seconds)
        case .cron(let expression): expression.next(after: now)
        }
    }

    private static let secondsPerUnit = [
        "second": 1, "seconds": 1, "minute": 60, "minutes": 60, "hour": 3_600, "hours": 3_600,
        "day": 86_400, "days": 86_400,
    ]
}

/// A cron expression of six fields: lists, ranges, steps and names, without L, W or #.
package struct CronExpression: Sendable, Equatable {
    private var minutes: Set<Int>
    private var hours: Set<Int>
    private var days: Set<Int>?
    private var months: Set<Int>
    /// Days of the week, with Sunday as 1; nil for any.
    private var weekdays: Set<Int>?
    private var years: Set<Int>?

    /// Parses a cron expression.
    /// - Returns: nil for an invalid field, or if days of both the month and the
    ///   week are given (one must be `?` or `*`).
    package init?(_ text: String) {
        let fields = text.split(separator: " ").map(String.init)
        guard fields.count == 6,
            let minutes = Self.set(fields[0], 0...59), let hours = Self.set(fields[1], 0...23),
            let months = Self.set(fields[3], 1...12, names: Self.monthNames)
        else { return nil }
        self.minutes = minutes
        self.hours = hours
        self.months = months
        if fields[2] != "?" && fields[2] != "*" {
            guard let days = Self.set(fields[2], 1...31) else { return nil }
            self.days = days
        }
        if fields[4] != "?" && fields[4] != "*" {
            guard let weekdays = Self.set(fields[4], 1...7, names: Self.dayNames)
            else { return nil }
            self.weekdays = weekdays
        }
        if fields[5] != "*" {
            guard let years = Self.set(fields[5], 1970...2199) else { return nil }
            self.years = years
        }
        guard days == nil || weekdays == nil else { return nil }
    }

    /// Returns the next matching full minute after `now`; nil if none follows
    /// within nine years (leap days are at most eight years apart).
    package func next(after now: UnixTime) -> UnixTime? {
        let start = now.seconds / 60 + 1
        let firstDay = start / 1_440
        for day in firstDay..<(firstDay + 9 * 366) where fits(day: day) {
            let from = day == firstDay ? start % 1_440 : 0
            for minute in from..<1_440
            where hours.contains(minute / 60) && minutes.contains(minute % 60) {
                return UnixTime(seconds: (day * 1_440 + minute) * 60)
            }
        }
        return nil
    }

    private func fits(day: Int) -> Bool {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let date = calendar.dateComponents(
            [.year, .month, .day, .weekday],
            from: Date(timeIntervalSince1970: Double(day) * 86_400))
        guard let year = date.year, let month = date.month, let day = date.day,
            let weekday = date.weekday
        else { return false }
        return years?.contains(year) ?? true && months.contains(month)
            && days?.contains(day) ?? true && weekdays?.contains(weekday) ?? true
    }

    private static func set(
        _ field: String, _ range: ClosedRange<Int>, names: [String] = []
    ) -> Set<Int>? {
        var values: Set<Int> = []
        for item in field.split(separator: ",", omittingEmptySubsequences: false) {
            let halves = item.split(separator: "/", omittingEmptySubsequences: false)
            guard (1...2).contains(halves.count) else { return nil }
            guard let step = halves.count == 2 ? Int(halves[1]) : 1, step > 0 else { return nil }
            let bounds = halves[0].split(separator: "-", omittingEmptySubsequences: false)
            let low: Int?
            let high: Int?
            if halves[0] == "*" {
                (low, high) = (range.lowerBound, range.upperBound)
            } else if bounds.count == 2 {
                (low, high) = (number(bounds[0], names), number(bounds[1], names))
            } else {
                low = number(halves[0], names)
                high = halves.count == 2 ? range.upperBound : low
            }
            guard let low, let high, low <= high, range.contains(low), range.contains(high)
            else { return nil }
            values.formUnion(stride(from: low, through: high, by: step))
        }
        return values
    }

    private static func number(_ text: Substring, _ names: [String]) -> Int? {
        names.firstIndex(of: text.uppercased()).map { $0 + 1 } ?? Int(text)
    }

    private static let monthNames = [
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ]
    private static let dayNames = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
}
