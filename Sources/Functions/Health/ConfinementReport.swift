/// The restrictions in force for the programs that read uploaded media.
package struct ConfinementReport: Sendable, Hashable, Encodable {
    /// `on`, `partial` if the kernel lacks one of them, or `off`.
    package var state: String
    /// No new privileges, no capabilities and limits of resources.
    package var privileges: Bool
    /// Files: those that a run needs and no others (Landlock).
    package var files: Bool
    /// Network: the relay's port and no other (Landlock from version 4, seccomp for the rest).
    package var network: Bool
    /// System calls: a deny-list (seccomp).
    package var systemCalls: Bool
    /// Memory and environment of the function are hidden from other processes.
    package var hiddenMemory: Bool

    /// No restriction.
    package static let off = ConfinementReport(
        state: "off", privileges: false, files: false, network: false, systemCalls: false,
        hiddenMemory: false)

    /// The restrictions of a kernel.
    /// - Parameters:
    ///   - landlockVersion: Version of Landlock's interface; 0 without it.
    ///   - hasRelay: True if URLs are read through a relay.
    package init(
        landlockVersion: Int, hasSeccomp: Bool, hasRelay: Bool, hidesMemory: Bool
    ) {
        privileges = true
        files = landlockVersion >= 1
        network = landlockVersion >= 4 && hasSeccomp && hasRelay
        systemCalls = hasSeccomp
        hiddenMemory = hidesMemory
        state = files && network && systemCalls && hiddenMemory ? "on" : "partial"
    }

    private init(
        state: String, privileges: Bool, files: Bool, network: Bool, systemCalls: Bool,
        hiddenMemory: Bool
    ) {
        self.state = state
        self.privileges = privileges
        self.files = files
        self.network = network
        self.systemCalls = systemCalls
        self.hiddenMemory = hiddenMemory
    }
}
