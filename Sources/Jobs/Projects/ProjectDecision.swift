package import WallClock

/// One version of a saved project, as its object shows it.
package struct ProjectVersion: Hashable, Sendable {
    /// Name and times.
    package var head: ProjectHead
    /// ETag of the object.
    package var storeETag: String
    /// Size of the object in bytes.
    package var bytes: Int

    /// A version.
    package init(head: ProjectHead, storeETag: String, bytes: Int) {
        self.head = head
        self.storeETag = storeETag
        self.bytes = bytes
    }

    /// The ETag that clients read, without quotes. It starts with the time of the save, so that a
    /// refused client learns how old its own version is.
    package var etag: String { "\(head.updatedAt.milliseconds)-\(storeETag)" }

    /// The time in a client's ETag; nil if it is not an ETag of a project.
    package static func time(inETag etag: String) -> UnixTime? {
        etag.split(separator: "-").first.flatMap { Int($0) }.map(UnixTime.init(milliseconds:))
    }
}

/// The condition of a request on a project: `If-Match` or `If-None-Match`.
package enum ProjectCondition: Hashable, Sendable {
    case none
    /// `If-None-Match: *`
    case absent
    /// `If-Match: *`
    case present
    /// `If-Match: "etag", …`; the ETags without quotes.
    case oneOf([String])
}

/// The next step of a write, decided from the version that was read. The write itself has the
/// condition that this version is still the stored one; if not, it is decided again.
package enum ProjectDecision: Hashable, Sendable {
    /// Write the first version.
    case create
    /// Replace this version.
    case replace(ProjectVersion)
    /// Take the place of a project whose removal was interrupted.
    case replaceRemoved(ProjectVersion)
    /// Refuse: 404.
    case notFound
    /// Refuse: 412, with the stored version; nil if there is none.
    case conflict(ProjectVersion?)
    /// Refuse: 409, another request removes the project at this moment.
    case busy

    /// Time in which a removal may still be at work: longer than the function's time limit.
    package static let removalTime = Duration.seconds(60)

    /// The version that the write replaces; nil for none.
    package var replaced: ProjectVersion? {
        switch self {
        case .replace(let version), .replaceRemoved(let version): version
        case .create, .notFound, .conflict, .busy: nil
        }
    }

    /// Decides a PUT, which also creates.
    package static func put(
        over stored: ProjectVersion?, _ condition: ProjectCondition, now: UnixTime
    ) -> ProjectDecision {
        guard let stored, stored.head.removedBytes == nil else {
            switch condition {
            case .present, .oneOf: return .conflict(nil)
            case .none, .absent: break
            }
            guard let stored else { return .create }
            // Its remover deletes the object without a condition.
            if now - stored.head.updatedAt < removalTime { return .busy }
            return .replaceRemoved(stored)
        }
        return change(of: stored, condition)
    }

    /// Decides a PATCH, which needs a project.
    package static func patch(
        of stored: ProjectVersion?, _ condition: ProjectCondition
    ) -> ProjectDecision {
        guard let stored, stored.head.removedBytes == nil else { return .notFound }
        return change(of: stored, condition)
    }

    /// Decides a DELETE. An interrupted removal is finished under any condition.
    package static func delete(
        _ stored: ProjectVersion?, _ condition: ProjectCondition
    ) -> ProjectDecision {
        guard let stored else { return .notFound }
        guard stored.head.removedBytes == nil else {
            return .replaceRemoved(stored)
        }
        return change(of: stored, condition)
    }

    private static func change(
        of stored: ProjectVersion, _ condition: ProjectCondition
    ) -> ProjectDecision {
        let isMet =
            switch condition {
            case .none, .present: true
            case .absent: false
            case .oneOf(let tags): tags.contains(stored.etag)
            }
        guard isMet else { return .conflict(stored) }
        return .replace(stored)
    }
}
