import Jobs
import JSON
import ObjectStore

/// An edit that a request names by `editKey`: a function URL carries at most 6 MB.
struct StoredEdit: Sendable {
    let bucket: any Bucket
    let owner: OwnerID

    /// Largest stored edit in bytes.
    private static let bytesMax = 64 << 20

    /// The body itself, or the stored edit that it names.
    /// - Throws: a 400 problem for a key that is not a stored edit of the caller, 413
    ///   for one that is too large.
    func resolved(_ body: JSONValue) async throws -> JSONValue {
        guard case .object(let fields) = body, case .string(let key)? = fields["editKey"] else {
            return body
        }
        var edit = try AuthorizedRequest.jsonObject(try await read(key), pointer: "/editKey")
        if case .object(var merged) = edit {
            if let token = fields["clientToken"] { merged["clientToken"] = token }
            edit = .object(merged)
        }
        return edit
    }

    private func read(_ key: String) async throws -> [UInt8] {
        guard key.hasPrefix(AssetKeys.uploadPrefix(of: owner)) else { throw Self.unknown }
        do throws(ObjectStoreError) {
            return try await bucket.getObject(
                ObjectKey(key), range: nil, ifMatch: nil, bytesMax: Self.bytesMax
            ).body
        } catch {
            switch error.code {
            case .notFound, .invalidRequest: throw Self.unknown
            case .tooLarge: throw Self.tooLarge
            default: throw error
            }
        }
    }

    private static let unknown = Problem.invalid(
        [FieldFault(pointer: "/editKey", detail: "is not a stored edit of the caller")])

    private static let tooLarge = Problem(
        status: 413, title: "Content too large",
        detail: "The stored edit has more than \(bytesMax) bytes.",
        faults: [FieldFault(pointer: "/editKey", detail: "is too large")])
}
