/// The role of a member of a workspace.
package enum WorkspaceRole: String, CaseIterable, Comparable, Sendable {
    case member, admin, owner

    package static func < (left: WorkspaceRole, right: WorkspaceRole) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .member: 0
        case .admin: 1
        case .owner: 2
        }
    }

    /// The role that an action needs at least.
    package static func needed(for action: WorkspaceAction) -> WorkspaceRole {
        switch action {
        case .view, .leave, .useMedia: .member
        case .change, .invite, .manageMembers, .viewAudit: .admin
        case .transfer, .delete: .owner
        }
    }

    /// True if the role permits the action.
    package func permits(_ action: WorkspaceAction) -> Bool { self >= Self.needed(for: action) }
}

/// Actions in a workspace.
package enum WorkspaceAction: String, CaseIterable, Sendable {
    case view, leave, change, invite, transfer, delete
    case useMedia = "use-media"
    case manageMembers = "manage-members"
    case viewAudit = "view-audit"
}

/// A decision about a member of a workspace.
package enum MembershipDecision: Hashable, Sendable {
    case permitted
    /// The sentence names the rule.
    case refused(String)

    /// A change of another member's role. Owners are made and unmade by a transfer alone.
    package static func changingRole(
        by actor: WorkspaceRole, of target: WorkspaceRole, to role: WorkspaceRole
    ) -> MembershipDecision {
        guard actor.permits(.manageMembers) else { return .refused("A member changes no roles.") }
        guard target != .owner, role != .owner else {
            return .refused("The owner changes by a transfer.")
        }
        guard actor == .owner || (target == .member && role == .member) else {
            return .refused("Only the owner makes and removes administrators.")
        }
        return .permitted
    }

    /// The removal of a member, who may be the actor.
    package static func removing(
        by actor: WorkspaceRole, target: WorkspaceRole, isSelf: Bool
    ) -> MembershipDecision {
        guard target != .owner else {
            return .refused("The owner leaves after a transfer, or deletes the workspace.")
        }
        if isSelf { return .permitted }
        guard actor.permits(.manageMembers) else { return .refused("A member removes no others.") }
        guard actor == .owner || target == .member else {
            return .refused("Only the owner removes administrators.")
        }
        return .permitted
    }

    /// An invitation to a role.
    package static func inviting(
        by actor: WorkspaceRole, to role: WorkspaceRole
    ) -> MembershipDecision {
        guard actor.permits(.invite) else { return .refused("A member invites no others.") }
        guard role != .owner else { return .refused("The owner changes by a transfer.") }
        guard actor == .owner || role == .member else {
            return .refused("Only the owner invites administrators.")
        }
        return .permitted
    }
}
