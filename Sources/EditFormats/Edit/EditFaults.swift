package import JSON

/// Everything that is wrong with an edit, in document order of the checks, at
/// most `JSONLimits.faultCountMax`.
package struct EditFaults: Error, Hashable, Sendable, CustomStringConvertible {
    /// The code that ClipForge's clients look for in `error`.
    package static let emptyProjectDetail = "Empty project"

    /// At least one.
    package let faults: [FieldFault]

    /// - Precondition: There is at least one fault.
    package init(_ faults: [FieldFault]) {
        precondition(!faults.isEmpty, "an edit is refused for a reason")
        self.faults = faults
    }

    /// One line for the `error` string that front ends show: exactly
    /// `Empty project` where that is the fault, else the first fault with its
    /// pointer and the number of the others.
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
