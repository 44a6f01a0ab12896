import HTTPTransport

/// A failed store call: the code that callers switch on, the call, and its cause.
package struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// Kinds of failure; closed, so that every mapping covers each of them.
    package enum Code: String, Sendable, Hashable {
        /// No such key, bucket or upload ID.
        case notFound
        /// `If-Match` or `If-None-Match` said no, or a conditional race was lost.
        case preconditionFailed
        /// The credentials or the signature were refused.
        case accessDenied
        /// The range lies outside the object.
        case invalidRange
        /// The store calls the request wrong (its code is in `serviceCode`).
        case invalidRequest
        /// A body larger than the caller's or the store's limit.
        case tooLarge
        /// Throttled, unreachable or failing; retries are used up.
        case unavailable
        /// The deadline passed first.
        case timeout
        /// The task was cancelled.
        case cancelled
        /// The answer was not what S3's protocol allows, or a checksum differed.
        case invalidResponse
        /// A local file could not be read or written.
        case localFile
    }

    /// The kind of failure.
    package var code: Code
    /// The call, in S3's words: `PutObject`.
    package var operation: String
    /// The object's key; empty for a call on the bucket.
    package var key: String
    /// S3's own error code, for instance `NoSuchKey`.
    package var serviceCode: String?
    /// The response's `x-amz-request-id`.
    package var requestID: String?
    /// The reason in words, without a full stop; never a URL or a body.
    package var detail: String?
    /// The cause as its type describes it: the transport's error, or a decoding
    /// error with its coding path. It is for logs; `description` leaves it out
    /// when there is a `detail`.
    package var underlying: String?
    /// Attempts that were made; above 1 an earlier one may have had its effect.
    package var attempts = 1

    /// An error of one attempt.
    package init(
        _ code: Code, operation: String, key: String, serviceCode: String? = nil,
        requestID: String? = nil, detail: String? = nil, underlying: (any Error)? = nil
    ) {
        self.code = code
        self.operation = operation
        self.key = key
        self.serviceCode = serviceCode
        self.requestID = requestID
        self.detail = detail ?? (underlying as? HTTPTransportError)?.text
        self.underlying = underlying.map { String(describing: $0) }
    }

    /// True if the same call may succeed later.
    package var isTransient: Bool {
        switch code {
        case .unavailable, .timeout: true
        case .notFound, .preconditionFailed, .accessDenied, .invalidRange, .invalidRequest,
            .tooLarge, .cancelled, .invalidResponse, .localFile:
            false
        }
    }

    /// One sentence with the operation, the key and the reason.
    package var description: String {
        var text = "\(operation) of \(key) failed: \(code.rawValue)"
        if let serviceCode { text += " (\(serviceCode))" }
        if let detail { text += ": \(detail)" }
        return text + "."
    }
}
