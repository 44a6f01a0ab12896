/// An HTTP request of a command.
package struct APIRequest: Sendable, Hashable {
    /// The request body.
    package enum Body: Sendable, Hashable {
        case none
        case bytes([UInt8])
        /// `bytes` bytes of a file from `offset`, streamed.
        case file(path: String, offset: Int, bytes: Int)
    }

    /// The destination of the response body.
    package enum Destination: Sendable, Hashable {
        /// The response's `body`.
        case memory
        /// A file that is created or truncated, streamed; only for 2xx. Other
        /// bodies go into `APIResponse.body`.
        case file(path: String)
    }

    /// One header; a name may occur twice in a request.
    package struct Header: Sendable, Hashable {
        /// The header's name.
        package var name: String
        /// The header's value.
        package var value: String

        /// Creates a header.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The method in upper case.
    package var method: String
    /// An absolute URL. A presigned URL is a secret, so errors never contain it.
    package var url: String
    /// The headers in the order they are sent.
    package var headers: [Header]
    /// The request body.
    package var body: Body
    /// The destination of the response body.
    package var destination: Destination

    /// Creates a request; the response goes to memory unless stated otherwise.
    package init(
        _ method: String, _ url: String, headers: [Header] = [], body: Body = .none,
        destination: Destination = .memory
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.destination = destination
    }
}

/// A complete response.
package struct APIResponse: Sendable, Hashable {
    /// The status code; any value is a response, not an error.
    package var status: Int
    /// The headers as received.
    package var headers: [APIRequest.Header]
    /// The body; empty if it went to a file.
    package var body: [UInt8]

    /// Creates a response.
    package init(status: Int, headers: [APIRequest.Header] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Returns the first value of a header, matched without regard to case.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var isSuccess: Bool { (200...299).contains(status) }
}

/// A request that received no complete response.
package struct APITransportError: Error, Sendable, Hashable {
    /// The cause without a full stop and without the URL, which may be a secret.
    package var detail: String
    /// True if a repeat of the request may succeed.
    package var isTransient: Bool

    /// Creates a transport error.
    package init(detail: String, isTransient: Bool) {
        self.detail = detail
        self.isTransient = isTransient
    }
}

/// A transport of requests: libcurl, or a test double.
package protocol APITransport: Sendable {
    /// Sends a request once.
    /// - Parameter progress: Called now and then with the bytes of the body sent so far.
    /// - Throws: `APITransportError`, or `CancellationError` when the task is cancelled.
    func send(
        _ request: APIRequest, progress: (@Sendable (Int) -> Void)?
    ) async throws -> APIResponse
}
