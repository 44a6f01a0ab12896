package import JSON

/// The faults of an edit in the order of the checks, at most `JSONLimits.faultCountMax`.
package struct EditFaults: Error, Hashable, Sendable, CustomStringConvertible {
    /// The message that ClipForge's clients expect in `error`.
    package static let emptyProjectDetail = "Empty project"

    /// The faults, at least one.
    package let faults: [FieldFault]

    /// Creates an error.
    /// - Precondition: There is at least one fault.
    package init(_ faults: [FieldFault]) {
        precondition(!faults.isEmpty, "EditFaults needs at least one fault")
        self.faults = faults
    }

    /// One line for the `error` string that front ends show: exactly `Empty project` if
    /// that is among the faults, otherwise the first fault with its pointer and the number
    /// of further faults.
    package var description: String {
        if faults.contains(where: { $0.detail == Self.emptyProjectDetail }) {
            return Self.emptyProjectDetail
        }
        let first = faults[0]
        let place = first.pointer.isEmpty ? "The request" : first.pointer
        let others = faults.count - 1
        guard others > 0 else { return "\(place) \(first.detail)" }
        return "\(place) \(first.detail) (and \(others) more)"
    }
}
