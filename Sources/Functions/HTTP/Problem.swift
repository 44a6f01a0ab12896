import EditFormats
import Jobs
package import JSON
package import LambdaRuntime
import ObjectStore

/// An answer that says what was wrong, as RFC 9457 asks:
/// `application/problem+json` with a pointer to each wrong field.
package struct Problem: Error, Hashable, Sendable {
    package var status: Int
    package var title: String
    package var detail: String
    /// All faults at once, so that a caller need not try again for each.
    package var faults: [FieldFault]
    /// The short text that the front ends read (`error`).
    package var error: String
    package var headers: [String: String] = [:]

    package init(
        status: Int, title: String, detail: String, faults: [FieldFault] = [], error: String? = nil,
        headers: [String: String] = [:]
    ) {
        self.status = status
        self.title = title
        self.detail = detail
        self.faults = faults
        self.error = error ?? detail
        self.headers = headers
    }

    /// 400 with one fault for each wrong field.
    package static func invalid(_ faults: [FieldFault]) -> Problem {
        return Problem(
            status: 400, title: "Invalid request", detail: EditFaults(faults).description,
            faults: faults)
    }

    /// 404 in the words that ClipForge reads (CF-41).
    package static let jobNotFound = Problem(
        status: 404, title: "Not found", detail: "There is no such export.",
        error: "Job not found")
    /// 403 in the words that ClipForge reads (CF-42).
    package static let foreignJob = Problem(
        status: 403, title: "Forbidden", detail: "The export belongs to another owner.",
        error: "Unauthorized")
    package static let assetNotFound = Problem(
        status: 404, title: "Not found", detail: "There is no such asset.",
        faults: [FieldFault(pointer: "/assetId", detail: "There is no such asset.")],
        error: "Asset not found")
    package static let notFound = Problem(
        status: 404, title: "Not found", detail: "There is nothing at this path.",
        error: "Not found")

    /// The one place where an error becomes a status. A caller's mistake is
    /// never a 500, and a 500 tells nothing but the request ID.
    package static func describing(_ error: any Error, requestID: String) -> Problem {
        switch error {
        case let problem as Problem:
            return problem
        case let error as ObjectStoreError where error.isTransient:
            return Problem(
                status: 503, title: "Service unavailable",
                detail: "The object store did not answer in time. Try again.",
                headers: ["retry-after": "2"])
        default:
            return Problem(
                status: 500, title: "Internal error",
                detail: "Something went wrong here. The request ID is \(requestID).",
                error: "Internal error")
        }
    }

    /// The answer on the wire.
    package var response: FunctionURLResponse {
        let document = ProblemDocument(
            type: "about:blank", title: title, status: status, detail: detail,
            errors: faults.map { .init(pointer: $0.pointer, detail: $0.detail) }, error: error)
        return .json(
            status: status, document,
            headers: headers.merging(["content-type": "application/problem+json"]) { $1 })
    }
}

private struct ProblemDocument: Encodable {
    struct Fault: Encodable {
        var pointer: String
        var detail: String
    }
    var type: String
    var title: String
    var status: Int
    var detail: String
    var errors: [Fault]
    var error: String
}
