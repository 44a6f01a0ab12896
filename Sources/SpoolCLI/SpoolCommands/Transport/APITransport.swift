/// One HTTP request as the commands need it.
package struct APIRequest: Sendable, Hashable {
    /// What is sent after the head.
    package enum Body: Sendable, Hashable {
        case none
        case bytes([UInt8])
        /// `bytes` bytes of a file from `offset`, streamed.
        case file(path: String, offset: Int, bytes: Int)
    }

    /// Where the answer's body goes.
    package enum Destination: Sendable, Hashable {
        /// Into `APIResponse.body`.
        case memory
        /// Into a file that is made or emptied first, streamed; only for 2xx,
        /// other answers go into `APIResponse.body`.
        case file(path: String)
    }

    /// One header; a request may have a name twice.
    package struct Header: Sendable, Hashable {
        /// The header's name.
        package var name: String
        /// The header's value.
        package var value: String

        /// A header of this name and value.
        package init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Upper-case.
    package var method: String
    /// Absolute. A presigned one is a secret: it stays out of errors.
    package var url: String
    /// In this order.
    package var headers: [Header]
    /// What is sent.
    package var body: Body
    /// Where the answer goes.
    package var destination: Destination

    /// A request of these parts.
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

/// A whole answer.
package struct APIResponse: Sendable, Hashable {
    /// Any status is an answer.
    package var status: Int
    /// As received.
    package var headers: [APIRequest.Header]
    /// Empty when it went to a file.
    package var body: [UInt8]

    /// A response of these parts.
    package init(status: Int, headers: [APIRequest.Header] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// The first value of a header, whatever the case of its name.
    package func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    var isSuccess: Bool { (200...299).contains(status) }
}

/// No whole answer came.
package struct APITransportError: Error, Sendable, Hashable {
    /// Half a sentence, without the URL: a presigned one is a secret.
    package var detail: String
    /// Whether the same request may fare better later.
    package var isTransient: Bool

    /// A transport failure.
    package init(detail: String, isTransient: Bool) {
        self.detail = detail
        self.isTransient = isTransient
    }
}

/// Whatever carries requests: libcurl, or a test's double.
package protocol APITransport: Sendable {
    /// - Parameter progress: Bytes of the body sent so far, now and then.
    /// - Throws: `APITransportError`, or `CancellationError` when the task is cancelled.
    func send(
        _ request: APIRequest, progress: (@Sendable (Int) -> Void)?
    ) async throws -> APIResponse
}
