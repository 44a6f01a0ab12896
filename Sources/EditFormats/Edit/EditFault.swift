/// One thing that is wrong with an edit, and where it stands in the document
/// as the caller wrote it.
package struct EditFault: Hashable, Sendable, Codable {
    /// RFC 6901: `/timeline/tracks/0/clips/1/asset/assetId`.
    package var pointer: String
    /// A sentence without its subject: `must be a string, not a number`.
    package var detail: String

    /// A fault at that place.
    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }

    /// What ClipForge's clients look for in `error` (CF-37).
    package static let emptyProjectDetail = "Empty project"
}

/// Everything that is wrong with an edit, in document order of the checks, at
/// most `Limits.mostFaults`.
package struct EditFaults: Error, Hashable, Sendable, CustomStringConvertible {
    /// At least one.
    package let faults: [EditFault]

    /// - Precondition: There is at least one fault.
    package init(_ faults: [EditFault]) {
        precondition(!faults.isEmpty, "an edit is refused for a reason")
        self.faults = faults
    }

    /// One line for the `error` string that front ends show: exactly
    /// `Empty project` where that is the fault, else the first fault with its
    /// pointer and the number of the others.
    package var description: String {
        if faults.contains(where: { $0.detail == EditFault.emptyProjectDetail }) {
            return EditFault.emptyProjectDetail
        }
        let first = faults[0]
        let place = first.pointer.isEmpty ? "The request" : first.pointer
        let others = faults.count - 1
        guard others > 0 else { return "\(place) \(first.detail)" }
        return "\(place) \(first.detail) (and \(others) more)"
    }
}
