import HTTPTransport
import Synchronization

/// A `CurlTransport` that is made when it is first needed: libcurl is most of
/// what a start would otherwise wait for.
final class DeferredTransport: HTTPClient {
    private let transport = Mutex<CurlTransport?>(nil)
    private let certificatesFile: String?

    /// - Parameter certificatesFile: nil: the authorities of the system.
    init(certificatesFile: String?) { self.certificatesFile = certificatesFile }

    /// Makes it now. Whoever needs it meanwhile waits some milliseconds.
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
