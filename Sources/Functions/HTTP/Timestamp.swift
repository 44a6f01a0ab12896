import FoundationEssentials

/// RFC 3339 in UTC with whole milliseconds.
/// - Parameter milliseconds: Since 1970.
func timestamp(milliseconds: Int) -> String {
    Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
        .formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true)
                .timeZone(separator: .omitted))
}
