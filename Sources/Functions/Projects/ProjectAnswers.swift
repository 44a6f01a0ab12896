import Jobs
import JSON
import LambdaRuntime
import ObjectStore
import WallClock

/// A saved project without its content: an entry of the list, or the response to a write.
struct ProjectSummary: Encodable, Sendable {
    var id: String
    var name: String
    var createdAt: String
    var updatedAt: String
    /// Size of the stored object.
    var bytes: Int
    /// As in the header `ETag`, with its quotes.
    var etag: String

    init(_ version: ProjectVersion) {
        id = version.head.id
        name = version.head.name
        createdAt = version.head.createdAt.rfc3339
        updatedAt = version.head.updatedAt.rfc3339
        bytes = version.bytes
        etag = "\"\(version.etag)\""
    }
}

/// The response to `DELETE /api/projects/{id}`.
struct ProjectRemoval: Encodable, Sendable {
    var id: String
    var name: String
    /// Size of the removed project.
    var bytes: Int

    init(_ head: ProjectHead) {
        (id, name, bytes) = (head.id, head.name, head.removedBytes ?? 0)
    }
}

extension ProjectVersion {
    /// The response to a write.
    func response(status: Int) -> FunctionURLResponse {
        let summary = ProjectSummary(self)
        return .json(
            status: status, summary,
            headers: ["etag": summary.etag, "location": "/api/projects/\(head.id)"])
    }
}

/// The owner's projects, newest first by creation.
struct ProjectList: Encodable {
    var projects: [ProjectSummary]
    /// Nil at the end of the list.
    var nextCursor: String?

    /// Reads the first bytes of each project of the page.
    static func page(
        _ page: PageRequest, of owner: OwnerID, in bucket: any Bucket, now: UnixTime
    ) async throws -> ProjectList {
        let read = try await page.read(
            ProjectKeys.listPrefix(of: owner), in: bucket, now: now
        ) { key in
            try await summary(of: key, in: bucket)
        }
        return ProjectList(projects: read.entries, nextCursor: read.nextCursor)
    }

    /// Nil for an entry whose project was removed, or that another creation left behind.
    private static func summary(
        of entry: ObjectKey, in bucket: any Bucket
    ) async throws -> ProjectSummary? {
        guard let (keys, createdAt) = ProjectKeys.parseListEntry(entry),
            let version = try await ProjectStore(keys: keys, bucket: bucket).version(),
            version.head.removedBytes == nil, version.head.createdAt == createdAt
        else { return nil }
        return ProjectSummary(version)
    }
}

/// Answers `GET /api/projects/{id}`.
struct ProjectReading: Sendable {
    let store: ProjectStore
    let bucket: any Bucket

    /// Largest content in a response, as a JSON string inside the function's own response:
    /// Lambda carries 6 MB. A larger project is answered with `documentUrl`.
    static let inlineBytesMax = 5_500_000
    /// Lifetime of `documentUrl`.
    static let urlLifetime = Duration.seconds(3_600)

    func response(to request: FunctionURLRequest) async throws -> FunctionURLResponse {
        guard let stored = try await store.content(), stored.version.head.removedBytes == nil else {
            throw Problem.projectNotFound
        }
        let summary = ProjectSummary(stored.version)
        let headers = ["etag": summary.etag, "cache-control": "no-cache"]
        if EntityTags.isUnchanged(stored.version.etag, in: request) {
            return FunctionURLResponse(statusCode: 304, headers: headers)
        }
        var members = stored.members
        if Self.escapedBytes(JSONValue.object(members).bytes) > Self.inlineBytesMax {
            let url = try await bucket.presignedURL(
                .get(store.keys.document, downloadName: nil), expiresIn: Self.urlLifetime,
                audience: .client)
            members = ["documentUrl": .string(url)]
        }
        members["id"] = .string(summary.id)
        members["name"] = .string(summary.name)
        members["createdAt"] = .string(summary.createdAt)
        members["updatedAt"] = .string(summary.updatedAt)
        members["bytes"] = .integer(summary.bytes)
        members["etag"] = .string(summary.etag)
        return FunctionURLResponse(
            statusCode: 200, contentType: "application/json",
            bodyBytes: JSONValue.object(members).bytes, headers: headers)
    }

    /// Length of the text as a JSON string.
    private static func escapedBytes(_ text: [UInt8]) -> Int {
        text.reduce(0) { count, byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): count + 2
            default: count + 1
            }
        }
    }
}

extension Problem {
    /// 404 for an unknown or removed project.
    static let projectNotFound = Problem(
        status: 404, title: "Not found", detail: "The project does not exist.",
        error: "Project not found")

    /// 409 while other requests write or remove the project.
    static let projectBusy = Problem(
        status: 409, title: "Conflict",
        detail: "Another request is changing or removing the project.",
        headers: ["retry-after": "1"])

    /// 413 for a document above the limit.
    static func projectTooLarge(_ bytes: Int) -> Problem {
        Problem(
            status: 413, title: "Content too large",
            detail: "The project has \(bytes) bytes; the limit is \(ProjectStore.bytesMax).",
            faults: [
                FieldFault(pointer: "", detail: "is larger than \(ProjectStore.bytesMax) bytes")
            ]
        )
    }

    /// 412 with the times of the caller's version and of the stored one.
    static func projectConflict(
        _ stored: ProjectVersion?, _ condition: ProjectCondition
    ) -> Problem {
        var members: [String: JSONValue] = ["stored": .null, "yours": .null]
        if let stored {
            members["stored"] = [
                "etag": .string("\"\(stored.etag)\""),
                "updatedAt": .string(stored.head.updatedAt.rfc3339),
            ]
        }
        if case .oneOf(let tags) = condition, let tag = tags.first {
            let time = ProjectVersion.time(inETag: tag)
            members["yours"] = [
                "etag": .string("\"\(tag)\""),
                "updatedAt": time.map { .string($0.rfc3339) } ?? .null,
            ]
        }
        let detail: String
        switch (stored, condition) {
        case (nil, _): detail = "The project does not exist."
        case (_, .absent): detail = "A project with this ID exists."
        case (let stored?, _):
            detail =
                "The project was saved at \(stored.head.updatedAt.rfc3339), after the version"
                + " in If-Match."
        }
        return Problem(
            status: 412, title: "Precondition failed", detail: detail,
            headers: stored.map { ["etag": "\"\($0.etag)\""] } ?? [:], members: members)
    }

    /// 405 that names the methods of the path.
    static func methodNotAllowed(_ method: String, allowed: [String]) -> Problem {
        let list = allowed.joined(separator: ", ")
        return Problem(
            status: 405, title: "Method not allowed",
            detail: "The method is \(method); use \(list).", headers: ["allow": list])
    }
}
