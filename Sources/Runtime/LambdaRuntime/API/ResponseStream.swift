import FoundationEssentials
import Glibc

/// One streamed response on a connection: head, chunks, trailers, and the API's response. Only
/// the client's thread uses it.
final class ResponseStream {
    enum Failure: Error {
        /// The API answered before the end of the stream, which it refuses.
        case answered(RuntimeAPIResponse)
        case socket(SocketError)
    }

    let connection: SocketConnection
    private let head: [UInt8]
    private let limits: HTTPLimits
    private(set) var hasBegun = false
    private(set) var bodyBytes = 0
    private var failure: Failure?

    /// - Parameter head: Request line and headers.
    init(on connection: SocketConnection, head: [UInt8], limits: HTTPLimits) {
        self.connection = connection
        self.head = head
        self.limits = limits
    }

    /// Sends one chunk, and the head before the first one. No bytes make no chunk: an
    /// empty one would end the body.
    func write(_ bytes: [UInt8]) throws(Failure) {
        var packet = takeHead()
        if !bytes.isEmpty {
            packet.reserveCapacity(packet.count + bytes.count + 16)
            packet.append(contentsOf: "\(String(bytes.count, radix: 16))\r\n".utf8)
            packet.append(contentsOf: bytes)
            packet.append(contentsOf: "\r\n".utf8)
        }
        try send(packet)
        bodyBytes += bytes.count
    }

    /// Ends the body and waits for the API's response.
    /// - Parameter error: The error that truncated the stream, for the trailers.
    func finish(error: HandlerError?) throws(Failure) -> RuntimeAPIResponse {
        var packet = takeHead()
        packet.append(contentsOf: "0\r\n".utf8)
        if let error {
            let document = Data(error.document).base64EncodedString()
            let trailers =
                "\(RuntimeRequest.errorTypeHeader): \(error.type)\r\n"
                + "\(RuntimeRequest.errorBodyHeader): \(document)\r\n"
            packet.append(contentsOf: trailers.utf8)
        }
        packet.append(contentsOf: "\r\n".utf8)
        try send(packet)
        return try receive()
    }

    private func takeHead() -> [UInt8] {
        defer { hasBegun = true }
        return hasBegun ? [] : head
    }

    private func send(_ packet: [UInt8]) throws(Failure) {
        if let failure { throw failure }
        do throws(Failure) {
            if connection.hasInput { throw .answered(try receive()) }
            try sendAll(packet)
        } catch {
            failure = error
            throw error
        }
    }

    private func sendAll(_ packet: [UInt8]) throws(Failure) {
        do {
            try connection.sendAll(packet)
        } catch {
            // The API closed the connection; it may have answered before.
            guard let answer = try? receive() else { throw .socket(error) }
            throw .answered(answer)
        }
    }

    private func receive() throws(Failure) -> RuntimeAPIResponse {
        do {
            return try connection.receiveResponse(limits: limits)
        } catch {
            throw .socket(error)
        }
    }
}

extension ResponseStream.Failure {
    var detail: String {
        switch self {
        case .answered(let response): "the Runtime API answered \(response.status) before the end"
        case .socket(let error): error.description
        }
    }
}
