import HTTPTransport
import Synchronization

/// A `CurlTransport` made on first use: loading libcurl would be most of a cold start.
final class DeferredTransport: HTTPClient {
    private let transport = Mutex<CurlTransport?>(nil)
    private let certificatesFile: String?

    /// - Parameter certificatesFile: Trusted authorities; nil uses the system's.
    init(certificatesFile: String?) { self.certificatesFile = certificatesFile }

    /// Makes the transport now. Concurrent calls wait for it.
    func prepare() { _ = prepared() }

    func send(_ request: HTTPRequest) async throws(HTTPTransportError) -> HTTPResponse {
        try await prepared().send(request)
    }

    private func prepared() -> CurlTransport {
        transport.withLock { transport in
            if let transport { return transport }
            let made = CurlTransport(certificatesFile: certificatesFile)
            transport = made
            return made
        }
    }
}
