import EmulatorHTTP
import JSON

/// Calls Spool's own HTTP API as any client would, without a socket between.
struct VolumeAPI: Sendable {
    let front: any HTTPHandler

    /// The answer to a call.
    struct Answer: Sendable {
        var response: Response
        /// The body as JSON; null for any other body.
        var body: JSONValue

        var status: Int { response.status }
        /// True if the same call may succeed later.
        var isTransient: Bool { status == 429 || status >= 500 }
        /// The refusal as one sentence.
        var error: String {
            let faults = self.faults.map { "\($0.pointer) \($0.detail)" }
            if !faults.isEmpty { return faults.joined(separator: "; ") }
            return body["detail"]?.text ?? body["error"]?.text ?? "The server answered \(status)."
        }
        /// The faults of a problem document.
        var faults: [FieldFault] {
            guard case .array(let errors)? = body["errors"] else { return [] }
            return errors.compactMap { fault in
                guard let detail = fault["detail"]?.text else { return nil }
                return FieldFault(pointer: fault["pointer"]?.text ?? "", detail: detail)
            }
        }
    }

    /// - Parameter authorization: Value of the header; nil sends none.
    func call(
        _ method: String, _ path: String, _ body: JSONValue? = nil, authorization: String?
    ) async -> Answer {
        var headers: HeaderFields = ["host": "localhost"]
        if let authorization { headers.append("authorization", authorization) }
        if body != nil { headers.append("content-type", "application/json") }
        let response = await front.respond(
            to: RequestHead(method: method, path: path, headers: headers),
            body: .bytes(body?.bytes ?? []))
        guard case .bytes(let bytes) = response.body, let value = try? JSONValue(parsing: bytes)
        else { return Answer(response: response, body: .null) }
        return Answer(response: response, body: value)
    }
}
