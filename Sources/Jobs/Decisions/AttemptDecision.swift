/// The party at fault for an error.
package enum FailureClass: String, Hashable, Sendable, Codable, CaseIterable {
    /// The request is at fault.
    case caller
    /// The source media is at fault.
    case media
    /// This machine or this program is at fault: memory, disk, time, a kill, a race, a defect.
    case machine
    /// A connection, or the store at its other end, is at fault.
    case network

    /// True if the same work fails again. No failure of a machine or a network is permanent.
    package var isPermanent: Bool {
        switch self {
        case .caller, .media: true
        case .machine, .network: false
        }
    }
}

/// A failed attempt at a unit or a stitch, as far as it decides about the next one.
package struct FailedAttempt: Hashable, Sendable {
    /// Party at fault; nil in records of earlier versions.
    package var failureClass: FailureClass?
    /// True if the function itself ended at every delivery of the event.
    package var isCrash: Bool

    /// A failed attempt.
    package init(_ failureClass: FailureClass?, isCrash: Bool = false) {
        self.failureClass = failureClass
        self.isCrash = isCrash
    }
}

/// Decides whether failed work is tried again. Pure: every case is a table row.
package enum AttemptDecision {
    /// Attempts at one unit or stitch before its export fails, if each may have helped.
    package static let attemptCountMax = 6
    /// Dead letters of a function that crashes before the export fails; each is three crashes.
    package static let crashCountMax = 3

    /// True if the work is tried once more.
    ///
    /// A permanent failure condemns once a second attempt has found the same party at fault.
    package static func willRetry(_ failed: FailedAttempt, earlier: [FailedAttempt]) -> Bool {
        guard earlier.count + 1 < attemptCountMax else { return false }
        if failed.isCrash { return earlier.count(where: \.isCrash) + 1 < crashCountMax }
        guard let found = failed.failureClass, found.isPermanent else { return true }
        return !earlier.contains { $0.failureClass == found }
    }
}
