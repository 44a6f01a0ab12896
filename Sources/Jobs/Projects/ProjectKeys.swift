package import ObjectStore
package import WallClock

/// Builds and parses every object key of one saved project.
package struct ProjectKeys: Hashable, Sendable {
    /// Owner of the project.
    package let owner: OwnerID
    /// The project.
    package let project: ProjectID

    /// Keys of one project.
    package init(owner: OwnerID, project: ProjectID) {
        self.owner = owner
        self.project = project
    }

    /// The `ProjectDocument`: the saved JSON with its name and times.
    package var document: ObjectKey {
        ObjectKey("\(Self.prefix(of: owner))\(project.text).json")
    }
    /// Entry in the owner's list of projects, newest first.
    /// - Parameter createdAt: Creation time in the document: an entry with another time is stale.
    package func listEntry(createdAt: UnixTime) -> ObjectKey {
        ObjectKey(
            "\(Self.listPrefix(of: owner))\(NewestFirst.text(of: createdAt))/\(project.text)")
    }

    /// Prefix of every saved project of one owner.
    package static func prefix(of owner: OwnerID) -> String { "projects/\(owner.text)/" }
    /// Prefix of the owner's list of projects.
    package static func listPrefix(of owner: OwnerID) -> String { "project-list/\(owner.text)/" }

    /// The project and creation time of a list entry, or nil for any other key.
    package static func parseListEntry(
        _ key: ObjectKey
    ) -> (keys: ProjectKeys, createdAt: UnixTime)? {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "project-list",
            let owner = OwnerID(String(parts[1])), let time = NewestFirst.time(of: parts[2]),
            let project = ProjectID(String(parts[3]))
        else { return nil }
        return (ProjectKeys(owner: owner, project: project), time)
    }
}
