import EmulatorHTTP
import JSON

/// The front port with a shared volume: the sources of a multicam config may name files.
struct VolumeFront: HTTPHandler {
    let inner: any HTTPHandler
    let library: MediaLibrary

    private static let paths: Set<String> = ["/api/export", "/api/export/estimate"]

    func immediatePlan(for head: RequestHead) -> BodyPlan? { inner.immediatePlan(for: head) }

    func plan(for head: RequestHead) async -> BodyPlan { await inner.plan(for: head) }

    func refusal(_ response: Response, of head: RequestHead) -> Response {
        inner.refusal(response, of: head)
    }

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        guard head.method == "POST", Self.paths.contains(head.path), case .bytes(let bytes) = body,
            let request = try? JSONValue(parsing: bytes), ResolvedConfig.namesFiles(request)
        else { return await inner.respond(to: head, body: body) }
        do {
            let config = try await ResolvedConfig(
                request, library: library, authorization: head.headers["authorization"])
            let response = await inner.respond(to: head, body: .bytes(config.body.bytes))
            return placed(response, config)
        } catch let error as ConfigFaults {
            return inner.refusal(Self.problem(error.faults), of: head)
        } catch MediaLibrary.Refusal.answer(let answer) {
            return inner.refusal(answer.response, of: head)
        } catch {
            return inner.refusal(
                Response(
                    status: 503,
                    headers: [("Content-Type", "application/problem+json"), ("Retry-After", "1")],
                    body: .bytes(
                        Self.document(
                            503, "Service unavailable", "The shared volume did not answer.", []))),
                of: head)
        }
    }

    /// Names the fields that the caller wrote.
    private func placed(_ response: Response, _ config: ResolvedConfig) -> Response {
        guard response.status >= 400, case .bytes(let bytes) = response.body,
            case .object(var document)? = try? JSONValue(parsing: bytes),
            case .array(let errors)? = document["errors"]
        else { return response }
        document["errors"] = .array(
            errors.map { error in
                guard case .object(var fields) = error, let pointer = fields["pointer"]?.text
                else { return error }
                let fault = config.placed(FieldFault(pointer: pointer, detail: ""))
                fields["pointer"] = .string(fault.pointer)
                return .object(fields)
            })
        var response = response
        response.body = .bytes(JSONValue.object(document).bytes)
        return response
    }

    private static func problem(_ faults: [FieldFault]) -> Response {
        Response(
            status: 400, headers: [("Content-Type", "application/problem+json")],
            body: .bytes(document(400, "Invalid request", detail(faults), faults)))
    }

    private static func detail(_ faults: [FieldFault]) -> String {
        faults.map { "\($0.pointer) \($0.detail)" }.joined(separator: "; ") + "."
    }

    private static func document(
        _ status: Int, _ title: String, _ detail: String, _ faults: [FieldFault]
    ) -> [UInt8] {
        JSONOutput.object([
            ("type", .string("about:blank")), ("title", .string(title)),
            ("status", .integer(status)), ("detail", .string(detail)),
            (
                "errors",
                .array(
                    faults.map {
                        .object([("pointer", .string($0.pointer)), ("detail", .string($0.detail))])
                    })
            ),
            ("error", .string(detail)),
        ]).bytes
    }
}
