import HTTPTransport

/// A failed store call: code, operation and cause.
package struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
    /// Kinds of failure. The enum is closed so that every mapping covers each
    /// one.
    package enum Code: String, Sendable, Hashable {
        /// No such key, bucket or upload ID.
        case notFound
        /// `If-Match` or `If-None-Match` failed, or a conditional write lost a
        /// race.
        case preconditionFailed
        /// The credentials or the signature were refused.
        case accessDenied
        /// The range lies outside the object.
        case invalidRange
        /// The store rejected the request as invalid (its code is in
        /// `serviceCode`).
        case invalidRequest
        /// A body larger than the caller's or the store's limit.
        case tooLarge
        /// Throttled, unreachable or failing; the retries are used up.
        case unavailable
        /// The deadline has passed.
        case timeout
        /// The task was cancelled.
        case cancelled
        /// The response violated S3's protocol, or a checksum differed.
        case invalidResponse
        /// A local file could not be read or written.
        case localFile
    }

    /// The kind of failure.
    package var code: Code
    /// The operation by its S3 name: `PutObject`.
    package var operation: String
    /// The object's key; empty for a call on the bucket.
    package var key: String
    /// S3's error code, for instance `NoSuchKey`; nil if the response had none.
    package var serviceCode: String?
    /// The response's `x-amz-request-id`; nil without a response.
    package var requestID: String?
    /// The reason as a sentence without a full stop, free of URLs and bodies; nil
    /// if unknown.
    package var detail: String?
    /// The cause as its type describes it: the transport's error, or a decoding
    /// error with its coding path; nil without one. For logs: `description` omits
    /// it.
    package var underlying: String?
    /// Attempts made; if above 1, an earlier one may have taken effect.
    package var attempts = 1

    /// Creates an error after one attempt.
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

    /// One sentence with operation, key and reason.
    package var description: String {
        var text = "\(operation) of \(key) failed: \(code.rawValue)"
        if let serviceCode { text += " (\(serviceCode))" }
        if let detail { text += ": \(detail)" }
        return text + "."
    }
}
