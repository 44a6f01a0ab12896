import AWSSignature
import HTTPTransport
import Synchronization
import XMLTree

/// One call in S3's terms, before it is signed.
struct S3Call: Sendable {
    /// In S3's words: `PutObject`.
    var operation: String
    var method: String
    /// Empty for the bucket itself.
    var key: String
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body: HTTPRequestBody = .none
    var sink: HTTPSink = .memory(maximumBytes: 32 << 20)
    /// Makes the sink as it was before an attempt; false when it cannot.
    var rewind: @Sendable () -> Bool = { true }
    /// The store may work for minutes before it answers.
    var isSlow = false

    /// Whether bytes go from or to a local file.
    var movesFile: Bool {
        if case .file = body { return true }
        if case .descriptor = sink { return true }
        return false
    }
}

/// Signs calls, sends them, and repeats what may be repeated.
struct S3Exchange: Sendable {
    let configuration: S3Configuration
    let client: any HTTPClient
    let retry: RetryPolicy
    let clock: S3Clock
    /// Our clock's distance from the store's, in seconds, learned from answers.
    let skew: ClockSkew

    /// The longest that one attempt may take, unless it moves a file: such a
    /// one is ended when it stalls.
    private static let callTimeoutMilliseconds = 60_000
    /// As long as S3 itself may take for a completion.
    private static let slowCallTimeoutMilliseconds = 600_000
    /// Amazon takes a clock that is off by up to 15 minutes.
    private static let toleratedSkewSeconds = 15 * 60

    /// - Returns: an answer below 300.
    func perform(_ call: S3Call) async throws(ObjectStoreError) -> HTTPResponse {
        // Without a key the call would be one on the bucket.
        guard call.operation == "ListObjectsV2" || ObjectKey(call.key).isValid else {
            throw Self.badKey(call.operation, call.key)
        }
        var attempt = 1
        while true {
            let left = try millisecondsLeft(for: call)
            let signedSeconds = clock.seconds() + skew.seconds
            let outcome = await send(call, within: left, signedSeconds: signedSeconds)
            let failure: RetryPolicy.Failure
            var error: ObjectStoreError
            var retryAfter: Int?
            switch outcome {
            case .success(let response):
                guard
                    let refused = refusal(
                        response, of: call, signedSeconds: signedSeconds)
                else { return response }
                failure = .status(response.status, serviceCode: refused.serviceCode)
                error = refused
                retryAfter = retryAfterSeconds(response)
            case .failure(let transport):
                error = Self.error(transport, of: call)
                failure = .transport
                guard error.isTransient else { throw error }
            }
            let delay = retry.delayMilliseconds(
                after: failure, attempt: attempt, random: clock.random(),
                retryAfterSeconds: retryAfter)
            error.attempts = attempt
            guard let delay, hasTime(for: delay), call.rewind() else { throw error }
            do {
                try await clock.sleep(delay)
            } catch {
                throw ObjectStoreError(.cancelled, operation: call.operation, key: call.key)
            }
            attempt += 1
        }
    }

    /// - Returns: nil for an answer that says yes.
    /// - Parameter signedSeconds: The time that the request was signed with.
    private func refusal(
        _ response: HTTPResponse, of call: S3Call, signedSeconds: Int
    ) -> ObjectStoreError? {
        guard var error = S3Refusal(response, of: call)?.error else { return nil }
        // The answer to a HEAD has no body to name the fault.
        if call.method == "HEAD", response.status == 403,
            let theirs = response["Date"].flatMap(HTTPDate.seconds),
            abs(theirs - signedSeconds) > Self.toleratedSkewSeconds
        {
            error.code = .unavailable
            error.serviceCode = "RequestTimeTooSkewed"
        }
        if error.serviceCode == "RequestTimeTooSkewed" {
            skew.learn(date: response["Date"], now: clock.seconds())
        }
        return error
    }

    /// Seconds, or a date (RFC 9110, 10.2.3).
    private func retryAfterSeconds(_ response: HTTPResponse) -> Int? {
        guard let text = response["Retry-After"] else { return nil }
        return Int(text) ?? HTTPDate.seconds(text).map { max(0, $0 - clock.seconds()) }
    }

    static func badKey(_ operation: String, _ key: String) -> ObjectStoreError {
        ObjectStoreError(
            .invalidRequest, operation: operation, key: key,
            detail: "A key has 1 to 1,024 bytes")
    }

    /// - Returns: nil where the task has no deadline.
    /// - Throws: `.timeout` when it has passed.
    private func millisecondsLeft(for call: S3Call) throws(ObjectStoreError) -> Int? {
        guard let deadline = StoreDeadline.milliseconds else { return nil }
        let left = deadline - clock.seconds() * 1_000
        guard left > 0 else {
            throw ObjectStoreError(
                .timeout, operation: call.operation, key: call.key,
                detail: "The time for it is over")
        }
        return left
    }

    private func hasTime(for delay: Int) -> Bool {
        guard let deadline = StoreDeadline.milliseconds else { return true }
        return deadline - clock.seconds() * 1_000 > delay
    }

    /// The time limit of one attempt; 0 sets none.
    private func timeout(of call: S3Call, within left: Int?) -> Int {
        guard !call.movesFile else { return left ?? 0 }
        let longest =
            call.isSlow ? Self.slowCallTimeoutMilliseconds : Self.callTimeoutMilliseconds
        return min(left ?? .max, longest)
    }

    private func send(
        _ call: S3Call, within left: Int?, signedSeconds: Int
    ) async -> Result<HTTPResponse, HTTPTransportError> {
        let endpoint = configuration.endpoint
        let path = endpoint.path(bucket: configuration.bucket, key: call.key)
        var request = HTTPRequest(
            method: call.method,
            url: "\(endpoint.scheme)://\(endpoint.authority)\(path)" + queryText(call.query),
            headers: signedHeaders(call, path: path, seconds: signedSeconds), body: call.body,
            sink: call.sink,
            timeoutMilliseconds: timeout(of: call, within: left))
        // What trickles in meanwhile is less than a stall's limit.
        if call.isSlow { request.stallTimeoutSeconds = 0 }
        do {
            return .success(try await client.send(request))
        } catch {
            return .failure(error)
        }
    }

    private func signedHeaders(
        _ call: S3Call, path: String, seconds: Int
    ) -> [(name: String, value: String)] {
        let timestamp = SigV4Time.timestamp(seconds: seconds)
        let hash = payloadHash(call.body)
        var headers = call.headers
        headers.append(("x-amz-content-sha256", hash))
        headers.append(("x-amz-date", timestamp))
        if let token = configuration.credentials.sessionToken {
            headers.append(("x-amz-security-token", token))
        }
        let host = (name: "host", value: configuration.endpoint.authority)
        let request = SigV4.CanonicalRequest(
            method: call.method, path: path, query: call.query, headers: headers + [host],
            payloadHash: hash)
        let authorization = SigV4.authorization(
            request, timestamp: timestamp,
            scope: SigV4.Scope(
                date: String(timestamp.prefix(8)), region: configuration.region),
            credentials: configuration.credentials)
        return headers + [("authorization", authorization)]
    }

    /// A body in memory is hashed; a file is not read twice for it. Over plain
    /// HTTP the length is all that guards a file's bytes.
    private func payloadHash(_ body: HTTPRequestBody) -> String {
        switch body {
        case .none: hex(sha256([]))
        case .bytes(let bytes): hex(sha256(bytes))
        case .file: SigV4.unsignedPayload
        }
    }

    private func queryText(_ query: [(name: String, value: String)]) -> String {
        guard !query.isEmpty else { return "" }
        return "?"
            + query.map { "\(uriEncode($0.name))=\(uriEncode($0.value))" }.joined(separator: "&")
    }

    private static func error(
        _ error: HTTPTransportError, of call: S3Call
    ) -> ObjectStoreError {
        let code: ObjectStoreError.Code =
            switch error.code {
            case .connect, .reset: .unavailable
            case .timeout: .timeout
            case .tls, .invalid: .invalidResponse
            case .tooLarge: .tooLarge
            case .localFile: .localFile
            case .cancelled: .cancelled
            }
        return ObjectStoreError(
            code, operation: call.operation, key: call.key, detail: error.text)
    }
}

/// An answer that says no: status 300 and above, or a 200 with an error in it.
private struct S3Refusal {
    var error: ObjectStoreError

    /// CompleteMultipartUpload and CopyObject may answer 200 and fail: their
    /// body tells (S3 API Reference, CompleteMultipartUpload).
    private static let lateFailures: Set<String> = ["CompleteMultipartUpload", "CopyObject"]

    init?(_ response: HTTPResponse, of call: S3Call) {
        let mayFailLate = Self.lateFailures.contains(call.operation)
        guard response.status >= 300 || mayFailLate else { return nil }
        let document = try? XMLElement(parsing: S3Documents.withoutPadding(response.body))
        let isError = document?.name == "Error"
        guard response.status >= 300 || isError else { return nil }
        let serviceCode = isError ? document?.text(of: "Code") : nil
        error = ObjectStoreError(
            Self.code(response.status, serviceCode), operation: call.operation, key: call.key,
            serviceCode: serviceCode,
            requestID: response["x-amz-request-id"],
            detail: isError ? document?.text(of: "Message") : "HTTP status \(response.status)")
    }

    private static func code(_ status: Int, _ serviceCode: String?) -> ObjectStoreError.Code {
        switch serviceCode {
        case "NoSuchKey", "NoSuchBucket", "NoSuchUpload": return .notFound
        case "EntityTooLarge": return .tooLarge
        case let code? where RetryPolicy.retryableCodes.contains(code):
            return .unavailable
        default: break
        }
        switch status {
        case 404: return .notFound
        case 409, 412: return .preconditionFailed
        case 401, 403: return .accessDenied
        case 416: return .invalidRange
        case 413: return .tooLarge
        case 408, 429, 500...: return .unavailable
        default: return .invalidRequest
        }
    }
}

/// Time and chance as the store client needs them.
package struct S3Clock: Sendable {
    /// Seconds since 1970.
    package var seconds: @Sendable () -> Int
    /// Sleeps for milliseconds; throws when the task is cancelled.
    package var sleep: @Sendable (Int) async throws -> Void
    /// 0 to below 1.
    package var random: @Sendable () -> Double

    package init(
        seconds: @escaping @Sendable () -> Int,
        sleep: @escaping @Sendable (Int) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.seconds = seconds
        self.sleep = sleep
        self.random = random
    }
}

/// The distance of the store's clock from ours.
final class ClockSkew: Sendable {
    private let value = Mutex(0)

    /// Seconds to add to our clock.
    var seconds: Int { value.withLock { $0 } }

    /// - Parameter date: The answer's `Date` header.
    func learn(date: String?, now: Int) {
        guard let date, let theirs = HTTPDate.seconds(date) else { return }
        value.withLock { $0 = theirs - now }
    }
}
