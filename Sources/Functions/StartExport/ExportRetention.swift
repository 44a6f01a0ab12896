import Jobs
import JSON

extension ExportAcceptance {
    /// `retention` of a request: the age in seconds at which the export is removed. Nil for the
    /// deployment's.
    /// - Throws: a 400 problem at `/retention`.
    static func retention(of body: JSONValue) throws(Problem) -> Duration? {
        guard case .object(let fields) = body, let value = fields["retention"], value != .null
        else { return nil }
        let range = RetentionPolicy.exportSecondsRange
        guard let seconds = value.integer, range.contains(seconds) else {
            throw Problem.invalid([
                FieldFault(
                    pointer: "/retention",
                    detail: "must be a whole number of seconds from \(range.lowerBound) to "
                        + "\(range.upperBound)")
            ])
        }
        return .seconds(seconds)
    }
}
