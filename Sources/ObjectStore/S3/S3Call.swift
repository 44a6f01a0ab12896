import HTTPTransport

/// One S3 call, before signing.
struct S3Call: Sendable {
    /// The operation by its S3 name: `PutObject`.
    var operation: String
    var method: String
    /// The object's key; empty for a call on the bucket.
    var key: String
    var query: [(name: String, value: String)] = []
    var headers: [(name: String, value: String)] = []
    var body: HTTPRequestBody = .none
    /// The payload hash to sign; nil for the hash of the body, or unsigned for a file.
    var payloadHash: String?
    var sink: HTTPSink = .memory(bytesMax: 32 << 20)
    /// Resets the sink before another attempt; returns false if it cannot.
    var rewind: @Sendable () -> Bool = { true }
    /// Checks the body of a successful response; the call is repeated if it returns false.
    var accepts: @Sendable (HTTPResponse) -> Bool = { _ in true }
    /// True if the store may take minutes before it responds.
    var isSlow = false
    /// True for a call on the bucket, without a key.
    var isOnBucket = false

    /// True if the body comes from a local file or the response goes to one.
    var movesFile: Bool {
        switch body {
        case .file, .stream: return true
        case .none, .bytes: break
        }
        if case .file = sink { return true }
        return false
    }

    /// True if the body is object data, which may carry a checksum.
    var carriesObject: Bool { operation == "PutObject" || operation == "UploadPart" }
}
