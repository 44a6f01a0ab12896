import WallClock

/// One call of the Runtime API as a value, without I/O.
///
/// Source: "Using the Lambda runtime API", version 2018-06-01.
struct RuntimeRequest: Sendable, Hashable {
    var method: String
    var path: String
    var headers: [Header] = []
    var body: [UInt8] = []
    /// True if the body follows in chunks.
    var isChunked = false

    struct Header: Sendable, Hashable {
        var name: String
        var value: String
    }

    private static let base = "/2018-06-01/runtime"
    private static let jsonOnly = [json]
    private static let json = Header(name: "Content-Type", value: "application/json")

    static let next = RuntimeRequest(method: "GET", path: base + "/invocation/next")

    /// SnapStart: allows the snapshot; answered in the restored environment.
    static let restoreNext = RuntimeRequest(method: "GET", path: base + "/restore/next")

    static let errorTypeHeader = "Lambda-Runtime-Function-Error-Type"
    static let errorBodyHeader = "Lambda-Runtime-Function-Error-Body"

    static func response(_ body: [UInt8], requestID: String) -> RuntimeRequest {
        RuntimeRequest(
            method: "POST", path: "\(base)/invocation/\(requestID)/response", headers: jsonOnly,
            body: body)
    }

    /// The head of a response with a chunked body.
    static func streamedResponse(contentType: String, requestID: String) -> RuntimeRequest {
        RuntimeRequest(
            method: "POST", path: "\(base)/invocation/\(requestID)/response",
            headers: [
                Header(name: "Content-Type", value: contentType),
                Header(name: "Lambda-Runtime-Function-Response-Mode", value: "streaming"),
                Header(name: "Transfer-Encoding", value: "chunked"),
                Header(name: "Trailer", value: "\(errorTypeHeader), \(errorBodyHeader)"),
            ], isChunked: true)
    }

    static func error(_ error: HandlerError, requestID: String) -> RuntimeRequest {
        report(error, path: "\(base)/invocation/\(requestID)/error")
    }

    static func initError(_ error: HandlerError) -> RuntimeRequest {
        report(error, path: base + "/init/error")
    }

    static func restoreError(_ error: HandlerError) -> RuntimeRequest {
        report(error, path: base + "/restore/error")
    }

    private static func report(_ error: HandlerError, path: String) -> RuntimeRequest {
        var headers = [json]
        if HandlerError.isConformant(error.type) {
            headers.append(
                Header(name: errorTypeHeader, value: error.type))
        }
        return RuntimeRequest(method: "POST", path: path, headers: headers, body: error.document)
    }

    /// Name of the call in errors, for instance `POST /2018-06-01/runtime/init/error`.
    var operation: String { "\(method) \(path)" }

    /// Request line and headers.
    func head(for endpoint: RuntimeEndpoint) -> [UInt8] {
        var head: [UInt8] = []
        head.reserveCapacity(320)
        func add(_ text: String) { head.append(contentsOf: text.utf8) }
        add(method)
        add(" ")
        add(endpoint.pathPrefix)
        add(path)
        add(" HTTP/1.1\r\nHost: ")
        add(endpoint.authority)
        add("\r\nUser-Agent: spool\r\n")
        for header in headers {
            add(header.name)
            add(": ")
            add(header.value)
            add("\r\n")
        }
        if method == "POST", !isChunked {
            add("Content-Length: ")
            add(String(body.count))
            add("\r\n")
        }
        add("\r\n")
        return head
    }
}

extension Invocation {
    /// Reads the response of `next`.
    /// - Throws: When a header is missing or malformed.
    init(_ response: RuntimeAPIResponse, now: UnixTime) throws(HTTPParseError) {
        guard response.isFramed else {
            throw HTTPParseError("the event has neither a length nor chunks")
        }
        guard let requestID = Invocation.requestID(in: response.headers)
        else { throw HTTPParseError("there is no usable Lambda-Runtime-Aws-Request-Id") }
        var deadline = now + Invocation.timeoutMax
        if let text = response.header("Lambda-Runtime-Deadline-Ms") {
            guard let number = Int(text), number >= 0 else {
                throw HTTPParseError(
                    "Lambda-Runtime-Deadline-Ms is not a number", requestID: requestID)
            }
            deadline = UnixTime(milliseconds: number)
        }
        self.init(
            requestID: requestID, deadline: deadline,
            invokedFunctionARN: response.header("Lambda-Runtime-Invoked-Function-Arn") ?? "",
            traceID: response.header("Lambda-Runtime-Trace-Id"),
            clientContext: response.header("Lambda-Runtime-Client-Context"),
            cognitoIdentity: response.header("Lambda-Runtime-Cognito-Identity"),
            tenantID: response.header("Lambda-Runtime-Aws-Tenant-Id"), event: response.body)
    }

    /// Lambda's maximum timeout, for a response without a deadline.
    private static let timeoutMax = Duration.seconds(900)

    /// The request ID of an event; nil if there is none that can be part of a path.
    static func requestID(in headers: HTTPHeaderFields) -> String? {
        headers.first("Lambda-Runtime-Aws-Request-Id")
            .map { String(decoding: $0, as: UTF8.self) }.flatMap { isPathSafe($0) ? $0 : nil }
    }

    private static func isPathSafe(_ requestID: String) -> Bool {
        (1...128).contains(requestID.utf8.count)
            && requestID.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte | 0x20) || (0x30...0x39).contains(byte)
                    || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                    || byte == UInt8(ascii: ".")
            }
            && requestID != "." && requestID != ".."
    }
}
