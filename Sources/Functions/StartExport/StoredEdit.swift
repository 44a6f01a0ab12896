import Jobs
import JSON
import ObjectStore

/// An edit that a request names by `projectId`, or by `editKey`: a function URL carries at most
/// 6 MB.
struct StoredEdit: Sendable {
    let bucket: any Bucket
    let owner: OwnerID

    /// Largest stored edit in bytes.
    static let bytesMax = 64 << 20

    /// The body itself, or the stored edit that it names by `editKey` or `projectId`.
    /// - Throws: a 400 problem for a key or ID that is not the caller's, 413 for an edit that is
    ///   too large.
    func resolved(_ body: JSONValue) async throws -> JSONValue {
        guard case .object(let fields) = body else { return body }
        if let id = fields["projectId"], id != .null { return try await project(id, fields) }
        guard case .string(let key)? = fields["editKey"] else { return body }
        var edit = try await edit(at: key)
        if case .object(var merged) = edit {
            for name in ["clientToken", "retention"] {
                if let value = fields[name] { merged[name] = value }
            }
            edit = .object(merged)
        }
        return edit
    }

    /// The JSON that was uploaded at the body's `editKey`.
    /// - Throws: a 400 problem for a key that is not an upload of the caller, 413 if it is larger
    ///   than `bytesMax`.
    func upload(_ body: [String: JSONValue], _ bytesMax: Int) async throws -> JSONValue {
        guard case .string(let key)? = body["editKey"],
            key.hasPrefix(AssetKeys.uploadPrefix(of: owner)), ObjectKey(key).hasPlainSegments
        else { throw Self.unknown }
        return try AuthorizedRequest.jsonObject(
            try await read(ObjectKey(key), bytesMax), pointer: "/editKey")
    }

    /// The saved project as an edit. Members next to `projectId` are merged over it (RFC 7396), so
    /// `settings` may differ from the saved ones.
    private func project(
        _ id: JSONValue, _ fields: [String: JSONValue]
    ) async throws -> JSONValue {
        let unknown = Problem.invalid(
            [FieldFault(pointer: "/projectId", detail: "is not a project of the caller")])
        guard fields["editKey"] == nil else {
            throw Problem.invalid(
                [FieldFault(pointer: "/editKey", detail: "cannot be combined with projectId")])
        }
        guard let project = id.text.flatMap({ ProjectID($0) }) else { throw unknown }
        let store = ProjectStore(
            keys: ProjectKeys(owner: owner, project: project), bucket: bucket)
        guard let saved = try await store.content(), saved.version.head.removedBytes == nil else {
            throw unknown
        }
        let document = ProjectDocument(head: saved.version.head, members: saved.members)
        var changes = fields
        changes["projectId"] = nil
        return document.exportRequest.merging(patch: .object(changes))
    }

    private func edit(at key: String) async throws -> JSONValue {
        guard ObjectKey(key).hasPlainSegments else { throw Self.unknown }
        if key.hasPrefix(ProjectKeys.prefix(of: owner)) {
            let bytes = try await read(ObjectKey(key), Self.bytesMax)
            if let saved = ProjectDocument(bytes) {
                guard saved.head.removedBytes == nil else { throw Self.unknown }
                return saved.exportRequest
            }
            return try AuthorizedRequest.jsonObject(bytes, pointer: "/editKey")
        }
        guard key.hasPrefix(AssetKeys.uploadPrefix(of: owner)) else { throw Self.unknown }
        return try AuthorizedRequest.jsonObject(
            try await read(ObjectKey(key), Self.bytesMax), pointer: "/editKey")
    }

    private func read(_ key: ObjectKey, _ bytesMax: Int) async throws -> [UInt8] {
        do throws(ObjectStoreError) {
            return try await bucket.getObject(
                key, range: nil, ifMatch: nil, bytesMax: bytesMax
            ).body
        } catch {
            switch error.code {
            case .notFound, .invalidRequest: throw Self.unknown
            case .tooLarge: throw Self.tooLarge(bytesMax)
            default: throw error
            }
        }
    }

    private static let unknown = Problem.invalid(
        [FieldFault(pointer: "/editKey", detail: "is not a stored edit of the caller")])

    private static func tooLarge(_ bytesMax: Int) -> Problem {
        Problem(
            status: 413, title: "Content too large",
            detail: "The stored edit has more than \(bytesMax) bytes.",
            faults: [FieldFault(pointer: "/editKey", detail: "is too large")])
    }
}
