import EmulatorHTTP
import FoundationEssentials
import JSON
import Logging

/// The Lambda API for clients and SDKs, version 2015-03-31: Invoke, ListFunctions and GetFunction.
struct InvokeAPI: Sendable {
    static let root = "/2015-03-31/functions"
    /// The root of InvokeWithResponseStream, which has a different version.
    static let streamingRoot = "/2021-11-15/functions"
    /// Lambda's limit of an asynchronous event in bytes.
    private static let asynchronousBytesMax = 1 << 20
    /// Lambda's limit of a synchronous event in bytes.
    private static let synchronousBytesMax = 6 << 20

    let catalog: FunctionCatalog
    let pools: [String: FunctionPool]
    let services: PoolServices
    /// Stores an asynchronous invocation.
    let enqueue: @Sendable (InvocationInput, String) async throws -> Void

    /// True for a path of this API.
    static func serves(_ path: String) -> Bool {
        path.hasPrefix(root) || path.hasPrefix(streamingRoot)
    }

    func respond(_ head: RequestHead, _ body: ReceivedBody) async -> Response {
        // Both roots have the same length.
        let words = head.path.dropFirst(Self.root.count).split(separator: "/").map {
            percentDecoded($0, plusIsSpace: false)
        }
        switch (head.method, words.count) {
        case ("GET", 0):
            let all = catalog.functions.map { description(of: $0) }
            return jsonResponse(.object([("Functions", .array(all)), ("NextMarker", .null)]))
        case ("GET", 1):
            guard let function = catalog.function(named: functionName(in: words[0])) else {
                return notFound(words[0])
            }
            return jsonResponse(
                .object([
                    ("Configuration", description(of: function)), ("Code", .object([])),
                    ("Tags", .object([])),
                ]))
        case ("GET", 2) where words[1] == "configuration":
            guard let function = catalog.function(named: functionName(in: words[0])) else {
                return notFound(words[0])
            }
            return jsonResponse(description(of: function))
        case ("POST", 2) where words[1] == "invocations" && head.path.hasPrefix(Self.root):
            return await invoke(functionName(in: words[0]), head, body)
        case ("POST", 2) where words[1] == "response-streaming-invocations":
            return await invoke(functionName(in: words[0]), head, body, isStreaming: true)
        default:
            return error(404, "UnknownOperationException", "The operation does not exist.")
        }
    }

    private func invoke(
        _ name: String, _ head: RequestHead, _ body: ReceivedBody, isStreaming: Bool = false
    ) async -> Response {
        guard let pool = pools[name] else { return notFound(name) }
        let type = head.headers["X-Amz-Invocation-Type"] ?? "RequestResponse"
        let limit =
            type == "Event" ? Self.asynchronousBytesMax : Self.synchronousBytesMax
        guard case .bytes(let bytes) = body, bytes.count <= limit else {
            return error(
                413, "RequestTooLargeException",
                "Request must be smaller than \(limit) bytes for the InvokeFunction operation")
        }
        guard bytes.isEmpty || isJSON(bytes) else {
            return error(
                400, "InvalidRequestContentException",
                "Could not parse request body into json: it is not JSON.")
        }
        var context: String?
        if let encoded = head.headers["X-Amz-Client-Context"] {
            guard let data = Data(base64Encoded: encoded), isJSON(Array(data)) else {
                return error(400, "InvalidRequestContentException", "Client context is not JSON.")
            }
            context = String(decoding: data, as: UTF8.self)
        }
        var invocation = InvocationInput(
            requestID: requestID(head), payload: bytes.isEmpty ? Array("{}".utf8) : bytes,
            source: .invoke, clientContext: context, traceID: head.headers["X-Amzn-Trace-Id"])
        invocation.tenantID = head.headers["X-Amz-Tenant-Id"]
        let requestID = ("X-Amzn-RequestId", invocation.requestID)
        switch type {
        case "RequestResponse" where isStreaming:
            let wantsTail = head.headers["X-Amz-Log-Type"] == "Tail"
            return await stream(invocation, pool, wantsTail: wantsTail, requestID)
        case "DryRun": return Response(status: 204, headers: [requestID])
        case "Event":
            do {
                try await enqueue(invocation, name)
                return Response(status: 202, headers: [requestID])
            } catch {
                services.logger.error(
                    "Event not queued", ["error": .string("\(error)")])
                return self.error(500, "ServiceException", "The event could not be stored.")
            }
        case "RequestResponse":
            let wantsTail = head.headers["X-Amz-Log-Type"] == "Tail"
            return await invokeNow(invocation, pool, wantsTail: wantsTail, [requestID])
        default:
            return error(
                400, "InvalidParameterValueException", "Invocation type \(type) is unknown.")
        }
    }

    /// Returns the recorded ID for a replay, otherwise a new one.
    private func requestID(_ head: RequestHead) -> String {
        head.headers["X-Spool-Request-Id"].flatMap { UUID(uuidString: $0) }?.uuidString
            .lowercased() ?? newRequestID()
    }

    private func invokeNow(
        _ invocation: InvocationInput, _ pool: FunctionPool, wantsTail: Bool,
        _ common: [(String, String)]
    ) async -> Response {
        let outcome = await pool.invokeWhole(invocation, wait: .none)
        var headers = common
        headers.append(("X-Amz-Executed-Version", "$LATEST"))
        headers.append(("Content-Type", "application/json"))
        if wantsTail { headers.append(("X-Amz-Log-Result", logTail(invocation))) }
        switch outcome {
        case .succeeded(let bytes):
            return Response(status: 200, headers: headers, body: .bytes(bytes))
        case .streaming: return error(500, "ServiceException", "The response is incomplete.")
        case .failed(let failure):
            headers.append(("X-Amz-Function-Error", "Unhandled"))
            return Response(status: 200, headers: headers, body: .bytes(failure.payload))
        case .throttled: return throttled(common)
        }
    }

    /// InvokeWithResponseStream: forwards the function's output while it arrives.
    private func stream(
        _ invocation: InvocationInput, _ pool: FunctionPool, wantsTail: Bool,
        _ identity: (String, String)
    ) async -> Response {
        let tail: @Sendable () -> String? = { wantsTail ? logTail(invocation) : nil }
        let body: ResponseBody
        switch await pool.invoke(invocation, wait: .none) {
        case .succeeded(let bytes):
            body = .bytes(InvokeResponseStream.bytes(bytes, nil, logTail: tail()))
        case .streaming(let stream):
            body = .stream(InvokeResponseStream(stream, logTail: tail))
        case .failed(let failure):
            body = .bytes(InvokeResponseStream.bytes([], failure, logTail: tail()))
        case .throttled: return throttled([identity])
        }
        return Response(
            status: 200,
            headers: [
                identity, ("X-Amz-Executed-Version", "$LATEST"),
                ("Content-Type", "application/vnd.amazon.eventstream"),
            ], body: body)
    }

    /// Returns the last 4 KB of an invocation's log.
    private func logTail(_ invocation: InvocationInput) -> String {
        Data(services.logs.tail(requestID: invocation.requestID)).base64EncodedString()
    }

    private func throttled(_ headers: [(String, String)]) -> Response {
        error(
            429, "TooManyRequestsException", "Rate Exceeded.",
            [
                ("Reason", .string("ReservedFunctionConcurrentInvocationLimitExceeded")),
                ("retryAfterSeconds", .string("1")),
            ], headers: headers + [("Retry-After", "1")])
    }

    private func description(of function: FunctionDefinition) -> JSONOutput {
        .object([
            ("FunctionName", .string(function.name)),
            ("FunctionArn", .string(services.configuration.arn(ofFunction: function.name))),
            ("Runtime", .string("provided.al2023")),
            ("Handler", .string(function.handler)),
            ("Timeout", .integer(function.timeoutSeconds)),
            ("MemorySize", .integer(function.memoryMegabytes)),
            ("Version", .string("$LATEST")),
            ("State", .string("Active")),
            ("PackageType", .string("Zip")),
            ("Architectures", .array([.string("x86_64")])),
        ])
    }

    private func notFound(_ name: String) -> Response {
        error(
            404, "ResourceNotFoundException",
            "Function not found: \(services.configuration.arn(ofFunction: name))")
    }

    private func error(
        _ status: Int, _ type: String, _ message: String, _ more: [(String, JSONOutput)] = [],
        headers: [(String, String)] = []
    ) -> Response {
        jsonResponse(
            .object([("Type", .string("User")), ("message", .string(message))] + more),
            status: status, headers: [("X-Amzn-ErrorType", type)] + headers)
    }
}

/// True if the bytes are one JSON document.
func isJSON(_ bytes: [UInt8]) -> Bool {
    struct Anything: Decodable { init(from decoder: any Decoder) throws {} }
    return (try? JSONDecoder().decode(Anything.self, from: Data(bytes))) != nil
}
