import WallClock
import EmulatorHTTP
import FoundationEssentials

/// The Lambda Runtime API of one instance, version 2018-06-01.
struct RuntimeAPI: HTTPHandler {
    let pool: FunctionPool
    let number: Int
    let guardian: RuntimeGuard

    private var root: String { guardian.pathPrefix + "/2018-06-01/runtime/" }

    private static let modeHeader = "Lambda-Runtime-Function-Response-Mode"

    func immediatePlan(for head: RequestHead) -> BodyPlan? {
        guard guardian.admits(head) else { return .refuse(Self.notFound) }
        // A streamed response is announced to its caller first.
        return head.headers[Self.modeHeader] == nil
            ? .collect(bytesMax: pool.services.configuration.responseBytesMax) : nil
    }

    func plan(for head: RequestHead) async -> BodyPlan {
        guard guardian.admits(head) else { return .refuse(Self.notFound) }
        if head.method == "POST", head.headers[Self.modeHeader] == "streaming",
            let requestID = answeredRequestID(head.path)
        {
            return await streamedAnswer(requestID, head)
        }
        return .collect(bytesMax: pool.services.configuration.responseBytesMax)
    }

    /// Forwards a response to the caller while it arrives.
    private func streamedAnswer(_ requestID: String, _ head: RequestHead) async -> BodyPlan {
        let stream = ResponseBodyStream(
            contentType: head.headers["Content-Type"],
            keepsCopy: pool.services.recorder != nil)
        let status = await pool.beginAnswer(number, requestID: requestID, stream)
        guard status == .accepted else { return .refuse(answer(status)) }
        return .consume(
            ResponseConsumer(requestID: requestID, stream: stream) { [pool, number] in
                let failure = InvocationFailure(
                    type: "Runtime.TruncatedResponse",
                    message: "The runtime ended its response early.")
                pool.services.tasks.start {
                    // The connection of a dying process breaks first. The exit is
                    // the better reason and is reported within this time.
                    try? await Task.sleep(for: .milliseconds(200))
                    await pool.endAnswer(number, requestID: requestID, .failed(failure))
                }
            })
    }

    /// The request ID in `.../invocation/ID/response`; nil for another path.
    private func answeredRequestID(_ path: String) -> String? {
        guard path.hasPrefix(root) else { return nil }
        let words = path.dropFirst(root.count).split(
            separator: "/", omittingEmptySubsequences: false)
        guard words.count == 3, words[0] == "invocation", words[2] == "response" else { return nil }
        return String(words[1])
    }

    func respond(to head: RequestHead, body: ReceivedBody) async -> Response {
        guard head.path.hasPrefix(root) else { return Self.notFound }
        let words = head.path.dropFirst(root.count).split(
            separator: "/", omittingEmptySubsequences: false)
        switch (head.method, words.count) {
        case ("GET", 2) where words == ["invocation", "next"]:
            return await next()
        case ("POST", 2) where words == ["init", "error"]:
            guard case .bytes(let bytes) = body else { return tooLarge }
            let status = await pool.initError(number, failure(head, bytes))
            return answer(status)
        case ("POST", 3) where words[0] == "invocation" && words[2] == "response":
            await pool.takeOutput(of: number)
            return await response(String(words[1]), body, head)
        case ("POST", 3) where words[0] == "invocation" && words[2] == "error":
            guard case .bytes(let bytes) = body else { return tooLarge }
            await pool.takeOutput(of: number)
            return answer(
                await pool.answer(
                    number, requestID: String(words[1]), .failed(failure(head, bytes))))
        default:
            return Self.notFound
        }
    }

    private func next() async -> Response {
        let next = await withTaskCancellationHandler {
            await pool.next(number)
        } onCancel: {
            pool.services.tasks.start { [pool, number] in await pool.unpark(number) }
        }
        switch next {
        case .gone:
            return error(500, "Runtime.Gone", "The instance is shutting down")
        case .invalidState:
            return error(
                403, "InvalidStateTransition", "Transition from Running to Ready is not allowed")
        case .invocation(let delivery):
            var headers = [
                ("Content-Type", "application/json"),
                ("Lambda-Runtime-Aws-Request-Id", delivery.requestID),
                ("Lambda-Runtime-Deadline-Ms", String(delivery.deadline.milliseconds)),
                ("Lambda-Runtime-Invoked-Function-Arn", delivery.functionARN),
                ("Lambda-Runtime-Trace-Id", delivery.traceID),
            ]
            if let context = delivery.clientContext {
                headers.append(("Lambda-Runtime-Client-Context", context))
            }
            if let tenant = delivery.tenantID {
                headers.append(("Lambda-Runtime-Aws-Tenant-Id", tenant))
            }
            return Response(status: 200, headers: headers, body: .bytes(delivery.payload))
        }
    }

    private func response(
        _ requestID: String, _ body: ReceivedBody, _ head: RequestHead
    ) async -> Response {
        if case .consumed(let body) = body, let consumer = body as? ResponseConsumer {
            let end = consumer.end ?? .complete
            await pool.endAnswer(number, requestID: requestID, end)
            if case .failed(let failure) = end, failure.type == "Function.ResponseSizeTooLarge" {
                return tooLarge
            }
            return answer(.accepted)
        }
        if let mode = head.headers[Self.modeHeader], mode != "streaming" {
            return error(400, "InvalidFunctionResponseMode", "Unknown response mode \(mode)")
        }
        guard case .bytes(let bytes) = body else {
            let limit = pool.services.configuration.responseBytesMax
            let status = await pool.answer(
                number, requestID: requestID, .failed(.answerTooLarge(limit)))
            return status == .accepted ? tooLarge : answer(status)
        }
        return answer(await pool.answer(number, requestID: requestID, .succeeded(bytes)))
    }

    /// Reads the function's error document. The type in the header is kept only
    /// if it has the form that Lambda accepts.
    private func failure(_ head: RequestHead, _ body: [UInt8]) -> InvocationFailure {
        struct Document: Decodable { var errorType: String? }
        let document = try? JSONDecoder().decode(Document.self, from: Data(body))
        let header = head.headers["Lambda-Runtime-Function-Error-Type"].flatMap {
            isErrorType($0) ? $0 : nil
        }
        let type = header ?? document?.errorType ?? "Runtime.UnknownReason"
        guard document != nil else {
            return InvocationFailure(type: type, message: "The runtime gave no reason")
        }
        return InvocationFailure(type: type, payload: body)
    }

    private func answer(_ status: ResponseStatus) -> Response {
        switch status {
        case .accepted:
            Response(
                status: 202, headers: [("Content-Type", "application/json")],
                body: .bytes(Array("{\"status\":\"OK\"}\n".utf8)))
        case .invalidRequestID:
            error(400, "InvalidRequestID", "Invalid request ID")
        case .invalidState:
            error(403, "InvalidStateTransition", "State transition is not allowed")
        }
    }

    private var tooLarge: Response {
        let limit = pool.services.configuration.responseBytesMax
        return error(
            413, "RequestEntityTooLarge",
            "Exceeded maximum allowed payload size (\(limit) bytes).")
    }

    private func error(_ status: Int, _ type: String, _ message: String) -> Response {
        Response(
            status: status, headers: [("Content-Type", "application/json")],
            body: .bytes(InvocationFailure(type: type, message: message).payload))
    }

    private static let notFound = Response(
        status: 404, headers: [("Content-Type", "text/plain")],
        body: .bytes(Array("404 page not found\n".utf8)))
}

/// True for a type of the form `(Runtime|Function)\.[A-Z][a-zA-Z]+`.
func isErrorType(_ text: String) -> Bool {
    let words = text.split(separator: ".", omittingEmptySubsequences: false)
    guard words.count == 2, words[0] == "Runtime" || words[0] == "Function",
        words[1].utf8.count > 1
    else { return false }
    return words[1].first?.isUppercase == true
        && words[1].utf8.allSatisfy { ($0 | 0x20) >= 0x61 && ($0 | 0x20) <= 0x7A }
}
