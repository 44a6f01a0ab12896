import EditFormats
package import JSON
package import LambdaRuntime

/// An error response, `application/problem+json` (RFC 9457), with a JSON pointer to
/// each wrong field.
package struct Problem: Error, Hashable, Sendable {
    /// HTTP status.
    package var status: Int
    /// Short name of the problem, the same for every occurrence.
    package var title: String
    /// One sentence about this occurrence; no secrets.
    package var detail: String
    /// Every wrong field at once.
    package var faults: [FieldFault]
    /// Short text for clients (`error`).
    package var error: String
    /// Added to the response's headers.
    package var headers: [String: String] = [:]
    /// Added to the document's members (RFC 9457, 3.2): facts that a client acts on.
    package var members: [String: JSONValue] = [:]

    /// A problem; `error` defaults to the detail.
    package init(
        status: Int, title: String, detail: String, faults: [FieldFault] = [], error: String? = nil,
        headers: [String: String] = [:], members: [String: JSONValue] = [:]
    ) {
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = faults
        self.error = error ?? detail
        self.headers = headers
        self.members = members
    }

    /// 400 with one fault for each wrong field.
    package static func invalid(_ faults: [FieldFault]) -> Problem {
        return Problem(
            status: 400, title: "Invalid request", detail: EditFaults(faults).description,
            faults: faults)
    }

    /// 404 with the `error` text that ClipForge's clients expect.
    package static let jobNotFound = Problem(
        status: 404, title: "Not found", detail: "The export does not exist.",
        error: "Job not found")
    /// 403 with the `error` text that ClipForge's clients expect.
    package static let foreignJob = Problem(
        status: 403, title: "Forbidden", detail: "The export belongs to another owner.",
        error: "Unauthorized")
    /// 404 for an unknown or foreign asset.
    package static let assetNotFound = Problem(
        status: 404, title: "Not found", detail: "The asset does not exist.",
        faults: [FieldFault(pointer: "/assetId", detail: "The asset does not exist.")],
        error: "Asset not found")
    /// 404 for an unknown path.
    package static let notFound = Problem(
        status: 404, title: "Not found", detail: "No resource exists at this path.",
        error: "Not found")

    /// The problem that reports an error, by `FailureMapping`. A caller's mistake is
    /// never a 500, and an internal error shows only the request ID.
    package static func describing(_ error: any Error, requestID: String) -> Problem {
        if let problem = error as? Problem { return problem }
        return FailureMapping(error).problem(requestID: requestID)
    }

    /// The HTTP response.
    package var response: FunctionURLResponse {
        let errors = faults.map { fault -> JSONValue in
            ["pointer": .string(fault.pointer), "detail": .string(fault.detail)]
        }
        let document: [String: JSONValue] = [
            "type": "about:blank", "title": .string(title), "status": .integer(status),
            "detail": .string(detail), "errors": .array(errors), "error": .string(error),
        ]
        return .json(
            status: status, JSONValue.object(members.merging(document) { $1 }),
            headers: headers.merging(["content-type": "application/problem+json"]) { $1 })
    }
}
