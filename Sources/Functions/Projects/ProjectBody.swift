import Jobs
import JSON
import LambdaRuntime
import ObjectStore

/// The body of a request that saves a project.
struct ProjectBody: Sendable {
    let authorized: AuthorizedRequest
    let bucket: any Bucket

    /// The project's members: the body, or the uploaded JSON that its `editKey` names.
    /// - Throws: a 400 problem, 413 above the limit.
    func members() async throws -> [String: JSONValue] {
        let body = try object()
        guard body["editKey"] != nil else { return body }
        let stored = StoredEdit(bucket: bucket, owner: authorized.owner)
        guard case .object(var members) = try await stored.upload(body, ProjectStore.bytesMax)
        else { return body }
        if let name = body["name"] { members["name"] = name }
        return members
    }

    /// A merge patch.
    /// - Throws: 415 for another kind of patch, 400 and 413 as for a project.
    func patch() async throws -> JSONValue {
        let type =
            (authorized.request.headers["content-type"] ?? "application/json")
            .split(separator: ";").first.map { $0.lowercased().filter { $0 != " " } } ?? ""
        guard ["application/merge-patch+json", "application/json"].contains(type) else {
            throw Problem(
                status: 415, title: "Unsupported media type",
                detail: "A patch is application/merge-patch+json or application/json.",
                headers: ["accept-patch": "application/merge-patch+json"])
        }
        return .object(try object())
    }

    private func object() throws(Problem) -> [String: JSONValue] {
        let bytes = authorized.request.bodyBytes
        guard bytes.count <= ProjectStore.bytesMax else {
            throw Problem.projectTooLarge(bytes.count)
        }
        guard case .object(let members) = try AuthorizedRequest.jsonObject(bytes) else {
            return [:]
        }
        return members
    }
}
