package import Notify

/// Fetches files from hosts outside, over HTTP.
package protocol DownloadClient: Sendable {
    /// Sends one GET. No redirect is followed and nothing is retried.
    func get(_ call: DownloadCall) async throws(DownloadError) -> DownloadReply
}

/// One GET of a file.
package struct DownloadCall: Sendable {
    /// The destination of a successful response's body.
    package enum Destination: Sendable, Hashable {
        /// The body is dropped, and a long one is not waited for.
        case none
        /// In memory; a longer body is an error.
        case memory(bytesMax: Int)
        /// A new file; a longer body is an error.
        case file(path: String, bytesMax: Int)
    }

    /// The checked URL.
    package var url: WebhookURL
    /// Half-open range in bytes; nil for the whole file.
    package var range: Range<Int>?
    /// Value of `If-Range`; nil sends none.
    package var validator: String?
    /// The destination of the body.
    package var destination: Destination
    /// Limit for the whole exchange.
    package var timeout: Duration
}

/// A response, of any status.
package struct DownloadReply: Sendable {
    /// Status code.
    package var status: Int
    /// Headers by their name in lower case.
    package var headers: [String: String]
    /// The body in memory; empty for another destination.
    package var body: [UInt8]
    /// Length of the body in bytes, in memory or in the file.
    package var bodyBytes: Int

    /// A response.
    package init(
        status: Int, headers: [String: String], body: [UInt8] = [], bodyBytes: Int? = nil
    ) {
        self.status = status
        self.headers = headers
        self.body = body
        self.bodyBytes = bodyBytes ?? body.count
    }
}

/// A request without a complete response.
package enum DownloadError: Error, Sendable, Hashable {
    /// The host's address is not permitted.
    case forbiddenAddress
    /// The body is longer than the destination takes.
    case tooLarge
    /// This machine is at fault: its disk is full, for instance.
    case localFile(String)
    /// No connection, a broken one, or no answer in time. The text says which.
    case unreachable(String)
}

/// Refuses every request, for deployments without a client.
package struct NoDownloads: DownloadClient {
    /// A client that refuses.
    package init() {}

    /// - Throws: `.unreachable`, always.
    package func get(_ call: DownloadCall) async throws(DownloadError) -> DownloadReply {
        throw .unreachable("downloads are not configured")
    }
}
