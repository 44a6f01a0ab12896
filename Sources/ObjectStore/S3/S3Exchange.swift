import Crypto
import HTTPTransport
import Signing
import WallClock

/// Signs and sends calls and repeats those that can be retried.
struct S3Exchange: Sendable {
    let configuration: S3Configuration
    let client: any HTTPClient
    let retry: RetryPolicy
    let clock: S3Clock
    let credentials: CredentialsCache
    let regionAndClock = RegionAndClockCache()
    private let budget = RetryBudget()

    init(
        _ configuration: S3Configuration, client: any HTTPClient, retry: RetryPolicy,
        clock: S3Clock
    ) {
        self.configuration = configuration
        self.client = client
        self.retry = retry
        self.clock = clock
        credentials = CredentialsCache(configuration.credentials, client: client, clock: clock)
    }

    /// The configuration with the bucket's actual region.
    var current: S3Configuration {
        regionAndClock.region.map { configuration.located(in: $0) } ?? configuration
    }

    /// The time on the store's clock.
    var storeTime: UnixTime { clock.now() + regionAndClock.skew }

    /// The timeout of one attempt. A file transfer has none and ends when it stalls.
    private static let callTimeout = Duration.seconds(60)
    /// S3's own limit for a completion.
    private static let slowCallTimeout = Duration.seconds(600)
    /// AWS accepts a clock skew of up to 15 minutes.
    private static let toleratedSkew = Duration.seconds(15 * 60)

    /// Performs a call with retries.
    /// - Returns: a response with a status below 300.
    func perform(_ plain: S3Call) async throws(ObjectStoreError) -> HTTPResponse {
        // A call with an empty key would address the bucket.
        guard plain.isOnBucket || ObjectKey(plain.key).isValid else {
            throw Self.badKey(plain.operation, plain.key)
        }
        let isChecked = plain.carriesObject && configuration.requestChecksums == .whenSupported
        let call = isChecked ? UploadChecksum.checked(plain) : plain
        var attempt = 1
        var spent = 0
        var (relocated, refreshed) = (false, false)
        while true {
            var failed: FailedAttempt
            switch try await makeAttempt(call) {
            case .success(let response):
                budget.succeeded(spent: spent)
                return response
            case .failure(let failure): failed = failure
            }
            failed.error.attempts = attempt
            let delay: Duration?
            // A corrected region or new credentials are tried at once, one time only.
            if failed.isMisplaced, !relocated {
                relocated = true
                delay = .zero
            } else if failed.hasExpiredCredentials, !refreshed {
                refreshed = true
                await credentials.forget()
                delay = .zero
            } else {
                delay = retry.delay(
                    after: failed.failure, attempt: attempt, random: clock.random(),
                    retryAfter: failed.retryAfter)
            }
            guard let delay, hasTime(for: delay), call.rewind(),
                let cost = budget.withdraw(after: failed.failure)
            else { throw failed.error }
            spent = cost
            do {
                try await clock.sleep(delay)
            } catch {
                throw ObjectStoreError(.cancelled, operation: call.operation, key: call.key)
            }
            attempt += 1
        }
    }

    /// A failed attempt that may be repeated.
    private struct FailedAttempt: Error {
        var error: ObjectStoreError
        var failure: RetryPolicy.Failure
        var retryAfter: Duration?
        /// True if the bucket is in another region, which is now known.
        var isMisplaced = false

        var hasExpiredCredentials: Bool {
            error.serviceCode == "ExpiredToken" || error.serviceCode == "ExpiredTokenException"
        }
    }

    /// Makes one attempt.
    /// - Throws: an error that a retry cannot resolve.
    private func makeAttempt(
        _ call: S3Call
    ) async throws(ObjectStoreError) -> Result<HTTPResponse, FailedAttempt> {
        let left = try timeLeft(for: call)
        let signing = Signing(
            place: current, credentials: try await credentials.current(),
            time: storeTime)
        let response: HTTPResponse
        do {
            response = try await client.send(request(call, signing, within: left))
        } catch {
            let error = Self.error(error, of: call)
            guard error.isTransient else { throw error }
            return .failure(FailedAttempt(error: error, failure: .transport))
        }
        guard let refused = refusal(response, of: call, signedAt: signing.time) else {
            guard !call.accepts(response) else { return .success(response) }
            let error = ObjectStoreError(
                .invalidResponse, operation: call.operation, key: call.key,
                requestID: response["x-amz-request-id"],
                detail: "The response does not match its length or checksum")
            return .failure(FailedAttempt(error: error, failure: .transport))
        }
        return .failure(
            FailedAttempt(
                error: refused.error,
                failure: .status(response.status, serviceCode: refused.error.serviceCode),
                retryAfter: retryAfter(response),
                isMisplaced: regionAndClock.update(
                    region: refused.region, instead: signing.place.region)))
    }

    /// The inputs of a signature.
    private struct Signing {
        var place: S3Configuration
        var credentials: SigV4.Credentials
        /// The signing time on the store's clock.
        var time: UnixTime
    }

    /// Reads a failure from a response.
    /// - Parameter signedAt: The time that the request was signed with.
    /// - Returns: nil for a successful response.
    private func refusal(
        _ response: HTTPResponse, of call: S3Call, signedAt signed: UnixTime
    ) -> S3Refusal? {
        guard var refused = S3Refusal(response, of: call) else { return nil }
        // The response to a HEAD has no body with an error code.
        if call.method == "HEAD", response.status == 403,
            let theirs = response["Date"].flatMap({ UnixTime(http: $0) }),
            max(theirs - signed, signed - theirs) > Self.toleratedSkew
        {
            refused.error.code = .unavailable
            refused.error.serviceCode = "RequestTimeTooSkewed"
        }
        if refused.error.serviceCode == "RequestTimeTooSkewed" {
            regionAndClock.update(date: response["Date"], now: clock.now())
        }
        return refused
    }

    /// The wait from `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3); nil without one.
    private func retryAfter(_ response: HTTPResponse) -> Duration? {
        guard let text = response["Retry-After"] else { return nil }
        if let seconds = Int(text) { return .seconds(seconds) }
        return UnixTime(http: text).map { max(.zero, $0 - clock.now()) }
    }

    static func badKey(_ operation: String, _ key: String) -> ObjectStoreError {
        ObjectStoreError(
            .invalidRequest, operation: operation, key: key,
            detail: "The key must have 1 to 1,024 bytes")
    }

    /// The time left until the task's deadline.
    /// - Returns: nil if the task has no deadline.
    /// - Throws: `.timeout` if the deadline has passed.
    private func timeLeft(for call: S3Call) throws(ObjectStoreError) -> Duration? {
        guard let deadline = StoreDeadline.time else { return nil }
        let left = deadline - clock.now()
        guard left > .zero else {
            throw ObjectStoreError(
                .timeout, operation: call.operation, key: call.key,
                detail: "the deadline has passed")
        }
        return left
    }

    private func hasTime(for delay: Duration) -> Bool {
        guard let deadline = StoreDeadline.time else { return true }
        return deadline - clock.now() > delay
    }

    /// The timeout of one attempt; nil for none.
    private func timeout(of call: S3Call, within left: Duration?) -> Duration? {
        guard !call.movesFile else { return left }
        let timeoutMax = call.isSlow ? Self.slowCallTimeout : Self.callTimeout
        return left.map { min($0, timeoutMax) } ?? timeoutMax
    }

    private func request(_ call: S3Call, _ signing: Signing, within left: Duration?) -> HTTPRequest
    {
        let endpoint = signing.place.endpoint
        let path = endpoint.path(bucket: configuration.bucket, key: call.key)
        var request = HTTPRequest(
            method: call.method,
            url: "\(endpoint.scheme)://\(endpoint.authority)\(path)" + queryText(call.query),
            headers: signedHeaders(call, signing, path: path), body: call.body,
            sink: call.sink,
            timeout: timeout(of: call, within: left))
        // The padding that S3 sends meanwhile is below the stall limit.
        if call.isSlow { request.stallTimeout = nil }
        return request
    }

    private func signedHeaders(
        _ call: S3Call, _ signing: Signing, path: String
    ) -> [(name: String, value: String)] {
        let timestamp = signing.time.basic
        let hash = call.payloadHash ?? payloadHash(call.body)
        var headers = call.headers
        headers.append(("x-amz-content-sha256", hash))
        headers.append(("x-amz-date", timestamp))
        if let token = signing.credentials.sessionToken {
            headers.append(("x-amz-security-token", token))
        }
        let host = (name: "host", value: signing.place.endpoint.authority)
        let request = SigV4.CanonicalRequest(
            method: call.method, path: path, query: call.query, headers: headers + [host],
            payloadHash: hash)
        let authorization = SigV4.authorization(
            request, timestamp: timestamp,
            scope: SigV4.Scope(
                date: String(timestamp.prefix(8)), region: signing.place.region),
            credentials: signing.credentials)
        return headers + [("authorization", authorization)]
    }

    /// The payload hash of a body. A body in memory is hashed; a file is
    /// unsigned, since hashing would read it twice. Over plain HTTP only the
    /// length and the optional checksum protect a file's bytes.
    private func payloadHash(_ body: HTTPRequestBody) -> String {
        switch body {
        case .none: hex(sha256([]))
        case .bytes(let bytes): hex(sha256(bytes))
        case .file, .stream: SigV4.unsignedPayload
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
            case .connect, .reset, .forbiddenAddress: .unavailable
            case .timeout: .timeout
            case .tls, .invalid: .invalidResponse
            case .tooLarge: .tooLarge
            case .localFile: .localFile
            case .cancelled: .cancelled
            }
        return ObjectStoreError(
            code, operation: call.operation, key: call.key, underlying: error)
    }
}
