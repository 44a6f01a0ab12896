import Glibc
package import HTTPTransport

/// A transport over libcurl.
package struct CurlAPITransport: APITransport {
    /// Maximum size of a response in memory; results are written to files.
    private static let responseBytesMax = 64 << 20
    /// Timeout of a call: Lambda's maximum run time of a function plus a margin.
    private static let callTimeout = Duration.seconds(930)
    /// Stall timeout: a store may take time to respond after the last byte of a large part.
    private static let stallTimeout = Duration.seconds(120)

    private let client: any HTTPClient

    /// Creates a transport over a client.
    package init(client: any HTTPClient) { self.client = client }

    /// Sends a request once.
    package func send(
        _ request: APIRequest, progress: (@Sendable (Int) -> Void)?
    ) async throws -> APIResponse {
        var sent = HTTPRequest(
            method: request.method, url: request.url,
            headers: request.headers.map { ($0.name, $0.value) },
            sink: .memory(bytesMax: CurlAPITransport.responseBytesMax), stallTimeout: nil)
        sent.onSent = progress
        switch request.body {
        case .none:
            sent.timeout = CurlAPITransport.callTimeout
        case .bytes(let bytes):
            sent.body = .bytes(bytes)
            sent.timeout = CurlAPITransport.callTimeout
        case .file(let path, let offset, let bytes):
            sent.body = .file(path: path, offset: offset, bytes: bytes)
            sent.stallTimeout = CurlAPITransport.stallTimeout
        }
        guard case .file(let path) = request.destination else { return try await exchange(sent) }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw APITransportError(
                detail: "\(path) cannot be written: \(reason)", isTransient: false)
        }
        defer { close(descriptor) }
        sent.sink = .file(descriptor: descriptor)
        sent.timeout = nil
        sent.stallTimeout = CurlAPITransport.stallTimeout
        return try await exchange(sent)
    }

    private func exchange(_ request: HTTPRequest) async throws -> APIResponse {
        do {
            let response = try await client.send(request)
            return APIResponse(
                status: response.status,
                headers: response.headers.map { APIRequest.Header($0.name, $0.value) },
                body: response.body)
        } catch {
            switch error.code {
            case .cancelled: throw CancellationError()
            case .connect, .timeout, .reset:
                throw APITransportError(
                    detail: CurlAPITransport.half(error.text), isTransient: true)
            case .tls, .tooLarge, .localFile, .invalid, .forbiddenAddress:
                throw APITransportError(
                    detail: CurlAPITransport.half(error.text), isTransient: false)
            }
        }
    }

    /// The text without its full stop, for use after a colon.
    private static func half(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
