import Functions
import Glibc
import HTTPTransport
import Notify

/// Fetches files over libcurl, from addresses that the rules permit.
struct LiveDownloadClient: DownloadClient {
    let client: any HTTPClient
    /// `SPOOL_IMPORT_ALLOW`: hosts, addresses and blocks besides the public ones.
    let rules: AddressRules

    func get(_ call: DownloadCall) async throws(DownloadError) -> DownloadReply {
        guard case .file(let path, let bytesMax) = call.destination else {
            return try await send(call, to: nil)
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw .localFile(
                "A scratch file could not be made: \(String(cString: strerror(errno))).")
        }
        defer { close(descriptor) }
        return try await send(call, to: .file(descriptor: descriptor, bytesMax: bytesMax))
    }

    private func send(
        _ call: DownloadCall, to file: HTTPSink?
    ) async throws(DownloadError) -> DownloadReply {
        // The bytes of the file itself, not of a compressed form of it.
        var headers = [("accept", "*/*"), ("accept-encoding", "identity")]
        if let range = call.range {
            headers.append(("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"))
            if let validator = call.validator { headers.append(("if-range", validator)) }
        }
        var request = HTTPRequest(
            method: "GET", url: call.url.text, headers: headers, timeout: call.timeout)
        switch call.destination {
        case .none: request.excerptBytes = 0
        case .memory(let bytesMax): request.sink = .memory(bytesMax: bytesMax)
        case .file: if let file { request.sink = file }
        }
        let (rules, host) = (rules, call.url.host)
        request.permitsAddress = { bytes in
            NetworkAddress(bytes: bytes).map { rules.permits($0, host: host) } ?? false
        }
        do throws(HTTPTransportError) {
            let response = try await client.send(request)
            return DownloadReply(
                status: response.status,
                headers: Dictionary(
                    response.headers.map { ($0.name.lowercased(), $0.value) }
                ) { $1 },
                body: response.body, bodyBytes: response.bodyBytes)
        } catch {
            switch error.code {
            case .forbiddenAddress: throw .forbiddenAddress
            case .tooLarge: throw .tooLarge
            case .localFile: throw .localFile("A scratch file could not be written: \(error.text).")
            case .connect, .timeout, .reset, .tls, .cancelled, .invalid:
                throw .unreachable(error.text)
            }
        }
    }
}
