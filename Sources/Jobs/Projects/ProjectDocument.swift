package import JSON
package import WallClock

/// Name and times of a saved project.
package struct ProjectHead: Hashable, Sendable {
    /// Text of the `ProjectID`.
    package var id: String
    /// Name for people, 1 to `nameCharactersMax` characters.
    package var name: String
    /// Time of the first save.
    package var createdAt: UnixTime
    /// Time of this save.
    package var updatedAt: UnixTime
    /// Size in bytes of a project that is being removed; nil for a project. The object that holds
    /// it decides the removal: exactly one writer replaces the project by it.
    package var removedBytes: Int?

    /// Largest number of Unicode scalars in a name.
    package static let nameCharactersMax = 200
    /// Name of a project that was saved without one.
    package static let nameDefault = "Untitled"

    /// Name and times of one save.
    package init(
        id: ProjectID, name: String, createdAt: UnixTime, updatedAt: UnixTime,
        removedBytes: Int? = nil
    ) {
        self.id = id.text
        self.name = name
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.removedBytes = removedBytes
    }

    fileprivate init?(_ value: JSONValue) {
        guard let id = value["id"]?.text, let name = value["name"]?.text,
            let createdAt = value["createdAt"]?.text.flatMap({ UnixTime(rfc3339: $0) }),
            let updatedAt = value["updatedAt"]?.text.flatMap({ UnixTime(rfc3339: $0) })
        else { return nil }
        (self.id, self.name, self.createdAt, self.updatedAt) = (id, name, createdAt, updatedAt)
        removedBytes = value["removedBytes"]?.integer
    }
}

/// A saved project: a client's JSON object with its head.
///
/// Stored as one JSON object whose first line is the head, so that a list reads names and times
/// without the documents. Name and times change together with the content, in one write.
package struct ProjectDocument: Hashable, Sendable {
    /// Name and times.
    package var head: ProjectHead
    /// The members as the client sent them, without those of the head.
    package var members: [String: JSONValue]

    /// Number of bytes at the start of the object that contain the whole head.
    package static let headBytesMax = 2_048

    /// Members of the head, which a client reads and cannot write, except `name`.
    package static let headMembers: Set<String> = [
        "id", "name", "createdAt", "updatedAt", "removedBytes", "bytes", "etag", "userId",
    ]

    /// A project to save.
    /// - Parameter members: Members of the head are left out.
    package init(head: ProjectHead, members: [String: JSONValue]) {
        self.head = head
        self.members = members.filter { !Self.headMembers.contains($0.key) }
    }

    /// The stored bytes: the head on the first line, then the members sorted by name.
    package var bytes: [UInt8] {
        var first: [(String, JSONOutput)] = [
            ("id", .string(head.id)), ("name", .string(head.name)),
            ("createdAt", .string(head.createdAt.rfc3339)),
            ("updatedAt", .string(head.updatedAt.rfc3339)),
        ]
        if let bytes = head.removedBytes { first.append(("removedBytes", .integer(bytes))) }
        var text = JSONOutput.object(first).bytes
        text.removeLast()
        if !members.isEmpty { text.append(UInt8(ascii: ",")) }
        text.append(UInt8(ascii: "\n"))
        return text + JSONValue.object(members).bytes.dropFirst()
    }

    /// Reads the stored bytes; nil if they are not a saved project.
    package init?(_ bytes: [UInt8]) {
        guard case .object(let members)? = try? JSONValue(parsing: bytes),
            let head = ProjectHead(.object(members))
        else { return nil }
        self.init(head: head, members: members)
    }

    /// Reads the head from the first bytes of the object; nil if they are not a saved project.
    package static func head(in bytes: [UInt8]) -> ProjectHead? {
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        var line = Array(bytes[..<end])
        if line.last == UInt8(ascii: ",") { line.removeLast() }
        line.append(UInt8(ascii: "}"))
        return (try? JSONValue(parsing: line)).flatMap(ProjectHead.init)
    }

    /// The name that a client's document has: its own, else that of its `project`.
    package static func name(in members: [String: JSONValue]) -> JSONValue? {
        let names = [members["name"], members["project"]?["name"]]
        return names.compactMap { $0 }.first { $0 != .null }
    }

    /// The request for an export of the project: ClipForge's `{project, settings}` for a document
    /// with `tracks`, else the members as they are.
    package var exportRequest: JSONValue {
        guard members["tracks"] != nil, members["project"] == nil, members["timeline"] == nil
        else { return .object(members) }
        var request: [String: JSONValue] = ["project": .object(members)]
        request["settings"] = members["settings"]
        return .object(request)
    }
}
