/// What went wrong at the store, in the terms that a caller decides by.
package struct ObjectStoreError: Error, Sendable, CustomStringConvertible {
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

    package var code: Code
    /// The call, in S3's words: `PutObject`.
    package var operation: String
    package var key: String
    /// S3's own error code, for instance `NoSuchKey`.
    package var serviceCode: String?
    package var requestID: String?
    package var detail: String?
    /// Attempts that were made; above 1 an earlier one may have had its effect.
    package var attempts = 1

    package init(
        _ code: Code, operation: String, key: String, serviceCode: String? = nil,
        requestID: String? = nil, detail: String? = nil
    ) {
        self.code = code
        self.operation = operation
        self.key = key
        self.serviceCode = serviceCode
        self.requestID = requestID
        self.detail = detail
    }

    /// Whether the same call may succeed later.
    package var isTransient: Bool {
        switch code {
        case .unavailable, .timeout: true
        case .notFound, .preconditionFailed, .accessDenied, .invalidRange, .invalidRequest,
            .tooLarge, .cancelled, .invalidResponse, .localFile:
            false
        }
    }

    package var description: String {
        var text = "\(operation) of \(key) failed: \(code.rawValue)"
        if let serviceCode { text += " (\(serviceCode))" }
        if let detail { text += ": \(detail)" }
        return text + "."
    }
}
