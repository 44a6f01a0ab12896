import EmulatorHTTP
import FoundationEssentials
import JSON
import WallClock

/// Invokes a function for a request to its URL or to one of its routes.
struct FunctionURLCaller: Sendable {
    let configuration: LambdaConfiguration
    let pools: [String: FunctionPool]
    let signature: RequestSignature

    /// Invokes a function.
    /// - Parameter url: The settings to apply; a route has Lambda's defaults.
    func call(
        _ function: FunctionDefinition, _ url: FunctionURLConfiguration,
        _ target: FunctionURLTarget, _ head: RequestHead, _ body: ReceivedBody
    ) async -> Response {
        guard case .bytes(let bytes) = body else {
            return bodyTooLarge
        }
        guard let pool = pools[function.name] else { return problem(404, "Not found") }
        var caller: SignedCaller?
        if url.authType == .awsIAM {
            do {
                caller = try signature.caller(of: head, body: bytes)
            } catch {
                return forbidden(error)
            }
        }
        let requestID = newRequestID()
        // Counted before the event is made: escapes can make a body six times as long.
        guard jsonBytes(ofBody: bytes, of: head) <= configuration.eventBytesMax else {
            return eventTooLarge
        }
        let payload = functionURLPayload(
            head, body: bytes, target: target, caller: caller, requestID: requestID,
            now: UnixTime.now())
        guard payload.count <= configuration.eventBytesMax else { return eventTooLarge }
        let invocation = InvocationInput(
            requestID: requestID, payload: payload, source: .url,
            traceID: head.headers["X-Amzn-Trace-Id"])
        let wait = WaitPolicy.limited(.seconds(function.timeoutSeconds))
        let outcome =
            url.invokeMode == .buffered
            ? await pool.invokeWhole(invocation, wait: wait)
            : await pool.invoke(invocation, wait: wait)
        return await response(outcome, function, ("X-Amzn-RequestId", requestID))
    }

    /// The response to a body above the limit.
    var bodyTooLarge: Response {
        problem(
            413, "Content too large",
            detail: "A request body has at most \(configuration.bodyBytesMax) bytes.")
    }

    /// The response to a request whose event would be too large for the runtime.
    private var eventTooLarge: Response {
        problem(
            413, "Content too large",
            detail: "The request has more than \(configuration.eventBytesMax) bytes as an event,"
                + " in which control characters take six bytes each.")
    }

    private func response(
        _ outcome: InvocationOutcome, _ function: FunctionDefinition, _ identity: (String, String)
    ) async -> Response {
        let made: Response?
        switch outcome {
        case .succeeded(let result): made = functionURLResponse(result)
        case .streaming(let stream):
            do {
                made = try await StreamedResult.response(stream)
                if made == nil { stream.abandon() }
            } catch {
                let failure = (error as? ResponseBodyStream.Broken)?.failure.type ?? "cancelled"
                return failed(failure, identity)
            }
        case .failed(let failure): return failed(failure.type, identity)
        case .throttled:
            return problem(
                429, "Too many requests",
                detail: "All instances of \(function.name) are busy.",
                headers: [identity, ("Retry-After", "1")])
        }
        guard var response = made else {
            return problem(
                502, "Bad gateway", detail: "The function's result is not an HTTP response.",
                headers: [identity])
        }
        response.headers.append(identity)
        return response
    }

    private func failed(_ type: String, _ identity: (String, String)) -> Response {
        problem(
            502, "Bad gateway", detail: "The function failed: \(type).", headers: [identity])
    }

    /// Lambda's response to an unauthorized call.
    private func forbidden(_ fault: SignatureFault) -> Response {
        let type =
            switch fault {
            case .missing: "MissingAuthenticationTokenException"
            case .malformed: "IncompleteSignatureException"
            case .unknownKey: "UnrecognizedClientException"
            case .expired, .mismatch: "InvalidSignatureException"
            }
        let message = fault == .missing ? "Forbidden" : fault.message
        return jsonResponse(
            .object([("Message", .string(message))]), status: 403,
            headers: [("X-Amzn-ErrorType", type)])
    }
}
