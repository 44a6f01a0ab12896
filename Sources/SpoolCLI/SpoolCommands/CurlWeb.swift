import Glibc
package import HTTPTransport

/// The commands' requests over libcurl.
package struct CurlWeb: Web {
    /// Answers that are documents; a result is written to a file.
    private static let answerBytesMax = 64 << 20
    /// Longest that Lambda lets a function run, and then some.
    private static let callMilliseconds = 930_000
    /// A store may think for a while when it has the last byte of a large part.
    private static let stallSeconds = 120

    private let client: any HTTPClient

    package init(client: any HTTPClient) { self.client = client }

    /// One exchange, with no attempt after it.
    package func send(
        _ request: WebRequest, progress: (@Sendable (Int) -> Void)?
    ) async throws -> WebResponse {
        var sent = HTTPRequest(
            method: request.method, url: request.url,
            headers: request.headers.map { ($0.name, $0.value) },
            sink: .memory(maximumBytes: CurlWeb.answerBytesMax), stallTimeoutSeconds: 0)
        sent.onSent = progress
        switch request.body {
        case .none:
            sent.timeoutMilliseconds = CurlWeb.callMilliseconds
        case .bytes(let bytes):
            sent.body = .bytes(bytes)
            sent.timeoutMilliseconds = CurlWeb.callMilliseconds
        case .file(let path, let offset, let bytes):
            sent.body = .file(path: path, offset: offset, bytes: bytes)
            sent.stallTimeoutSeconds = CurlWeb.stallSeconds
        }
        guard case .file(let path) = request.destination else { return try await exchange(sent) }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let reason = String(cString: strerror(errno))
            throw WebError(detail: "\(path) cannot be written: \(reason)", isTransient: false)
        }
        defer { close(descriptor) }
        sent.sink = .file(descriptor: descriptor)
        sent.timeoutMilliseconds = 0
        sent.stallTimeoutSeconds = CurlWeb.stallSeconds
        return try await exchange(sent)
    }

    private func exchange(_ request: HTTPRequest) async throws -> WebResponse {
        do {
            let response = try await client.send(request)
            return WebResponse(
                status: response.status,
                headers: response.headers.map { WebRequest.Header($0.name, $0.value) },
                body: response.body)
        } catch {
            switch error.code {
            case .cancelled: throw CancellationError()
            case .connect, .timeout, .reset:
                throw WebError(detail: CurlWeb.half(error.text), isTransient: true)
            case .tls, .tooLarge, .localFile, .invalid:
                throw WebError(detail: CurlWeb.half(error.text), isTransient: false)
            }
        }
    }

    /// Half a sentence, to stand after a colon.
    private static func half(_ text: String) -> String {
        text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}
