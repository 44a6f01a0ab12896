import HTTPTransport

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
    /// The payload hash that is signed; nil: the body's own, or none for a file.
    var payloadHash: String?
    var sink: HTTPSink = .memory(bytesMax: 32 << 20)
    /// Makes the sink as it was before an attempt; false when it cannot.
    var rewind: @Sendable () -> Bool = { true }
    /// Whether a good answer's body is what it says; if not, the call is made again.
    var accepts: @Sendable (HTTPResponse) -> Bool = { _ in true }
    /// The store may work for minutes before it answers.
    var isSlow = false
    /// About the bucket, without a key.
    var isOnBucket = false

    /// Whether bytes go from or to a local file.
    var movesFile: Bool {
        switch body {
        case .file, .stream: return true
        case .none, .bytes: break
        }
        if case .file = sink { return true }
        return false
    }

    /// Whether the body is an object's bytes, which may carry a checksum.
    var carriesObject: Bool { operation == "PutObject" || operation == "UploadPart" }
}
