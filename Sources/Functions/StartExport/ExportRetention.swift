import Jobs
import JSON

extension ExportAcceptance {
    /// `retention` of a stored request: the age in seconds at which the export is removed. Nil
    /// for the deployment's.
    static func retention(of edit: JSONValue) -> Duration? {
        guard case .object(let fields) = edit else { return nil }
        return fields["retention"]?.integer.map { .seconds(max(1, $0)) }
    }

    /// Checks `retention` of a client's request.
    /// - Throws: a 400 problem at `/retention`.
    static func checkRetention(of body: JSONValue) throws(Problem) {
        guard case .object(let fields) = body, let value = fields["retention"], value != .null
        else { return }
        let range = RetentionPolicy.exportSecondsRange
        guard let seconds = value.integer, range.contains(seconds) else {
            throw Problem.invalid([
                FieldFault(
                    pointer: "/retention",
                    detail: "must be a whole number of seconds from \(range.lowerBound) to "
                        + "\(range.upperBound)")
            ])
        }
    }
}
