import Glibc

/// Parses one response in pieces of any size (RFC 9112).
///
/// Strict, because a wrong end of the body would run a handler on half an event. Rejected are
/// folded lines, bare CR or LF, a space before a colon, two lengths, a length together with
/// chunks, and bytes after the end.
struct HTTPResponseParser: Sendable {
    private enum State: Hashable {
        case statusLine, header
        case fixedBody(remaining: Int)
        case chunkSize
        case chunkData(remaining: Int)
        case chunkEnd, trailer
        case done
    }

    private let limits: HTTPLimits
    private var state = State.statusLine
    private var line: [UInt8] = []
    private var headBytes = 0
    private var interimAnswers = 0
    private var head = HTTPResponseHead()
    private var body: [UInt8] = []
    private(set) var hasStarted = false

    init(limits: HTTPLimits = HTTPLimits()) { self.limits = limits }

    /// The response, after its last byte; nil before.
    var response: RuntimeAPIResponse? {
        guard state == .done else { return nil }
        return RuntimeAPIResponse(
            status: head.status, headers: head.headers, body: body,
            isFramed: head.isFramed, keepsConnection: head.keepsConnection && head.isFramed)
    }

    /// Consumes the next bytes of the connection.
    /// - Throws: When they cannot belong to an acceptable response.
    mutating func consume(_ bytes: ArraySlice<UInt8>) throws(HTTPParseError) {
        var rest = bytes
        if !rest.isEmpty { hasStarted = true }
        while !rest.isEmpty {
            switch state {
            case .statusLine, .header, .chunkSize, .chunkEnd, .trailer:
                guard try takeLine(&rest) else { return }
                try finishLine()
            case .fixedBody(let remaining):
                let count = take(remaining, of: &rest)
                state = count == remaining ? .done : .fixedBody(remaining: remaining - count)
            case .chunkData(let remaining):
                let count = take(remaining, of: &rest)
                state = count == remaining ? .chunkEnd : .chunkData(remaining: remaining - count)
            case .done:
                guard head.isFramed else { return }
                throw HTTPParseError("there are bytes after the end of the response")
            }
        }
    }

    /// Missing bytes of a body with a known length; 0 elsewhere.
    var missingBodyBytes: Int {
        if case .fixedBody(let remaining) = state { remaining } else { 0 }
    }

    /// Reads the rest of the body from the connection without a buffer in between.
    /// - Parameter read: Fills the memory from its beginning and returns the number of
    ///   bytes, 0 at the end of the connection.
    mutating func fillBody(
        _ read: (UnsafeMutableRawBufferPointer) throws(SocketError) -> Int
    ) throws(SocketError) {
        let missing = missingBodyBytes
        guard missing > 0 else { return }
        let begun = body
        body = []
        var failure: SocketError?
        body = [UInt8](unsafeUninitializedCapacity: begun.count + missing) { memory, count in
            _ = memory.initialize(fromContentsOf: begun)
            count = begun.count
            while count < memory.count, failure == nil {
                do throws(SocketError) {
                    let rest = UnsafeMutableRawBufferPointer(
                        UnsafeMutableBufferPointer(rebasing: memory[count...]))
                    let more = try read(rest)
                    if more == 0 { failure = .truncated }
                    count += more
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        state = .done
    }

    private mutating func take(_ wanted: Int, of rest: inout ArraySlice<UInt8>) -> Int {
        let piece = rest.prefix(wanted)
        body.append(contentsOf: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }

    /// Moves bytes into `line` up to its end.
    /// - Returns: True if the line is complete; CR LF is not part of it.
    private mutating func takeLine(_ rest: inout ArraySlice<UInt8>) throws(HTTPParseError) -> Bool {
        let end = rest.withUnsafeBytes { bytes in
            memchr(bytes.baseAddress!, 0x0A, bytes.count).map {
                rest.startIndex + (UnsafeRawPointer($0) - bytes.baseAddress!)
            }
        }
        let piece = end.map { rest[rest.startIndex...$0] } ?? rest
        headBytes += piece.count
        guard headBytes <= limits.headBytesMax else {
            throw HTTPParseError("the head is larger than \(limits.headBytesMax) bytes")
        }
        line.append(contentsOf: piece)
        rest = rest.dropFirst(piece.count)
        guard end != nil else { return false }
        guard line.count >= 2, line[line.count - 2] == 0x0D else {
            throw HTTPParseError("a line ends in LF without CR")
        }
        line.removeLast(2)
        // No early exit: most lines pass, and the loop is faster without a branch.
        var isClean = true
        for byte in line { isClean = isClean && (byte >= 0x20 && byte != 0x7F || byte == 0x09) }
        guard isClean else { throw HTTPParseError("a line holds a control character") }
        return true
    }

    private mutating func finishLine() throws(HTTPParseError) {
        defer { line.removeAll(keepingCapacity: true) }
        switch state {
        case .statusLine:
            head = try HTTPResponseHead(statusLine: line)
            state = .header
        case .header:
            if line.isEmpty { try finishHead() } else { try head.append(headerLine: line) }
        case .chunkSize:
            try startChunk()
        case .chunkEnd:
            guard line.isEmpty else { throw HTTPParseError("a chunk is longer than it says") }
            // Chunk lines are framing and do not count as lines of the head.
            headBytes = 0
            state = .chunkSize
        case .trailer:
            if line.isEmpty {
                state = .done
            } else {
                // Validated like a header, then dropped: no call uses trailers.
                var ignored = HTTPResponseHead()
                try ignored.append(headerLine: line)
            }
        case .fixedBody, .chunkData, .done:
            preconditionFailure("No line is read in the middle of a body.")
        }
    }

    private mutating func finishHead() throws(HTTPParseError) {
        if (100...199).contains(head.status) {
            interimAnswers += 1
            guard head.status != 101, interimAnswers <= limits.interimResponseCountMax else {
                throw HTTPParseError("the interim status \(head.status) was not requested")
            }
            state = .statusLine
            return
        }
        switch try head.framing() {
        case .none, .length(0), .untilClose: state = .done
        case .length(let length):
            guard length <= limits.bodyBytesMax else { throw bodyTooLarge }
            state = .fixedBody(remaining: length)
        case .chunked: state = .chunkSize
        }
    }

    private var bodyTooLarge: HTTPParseError {
        HTTPParseError(
            "the body is larger than \(limits.bodyBytesMax) bytes",
            requestID: Invocation.requestID(in: head.headers))
    }

    private mutating func startChunk() throws(HTTPParseError) {
        // A chunk extension may follow the size; it is ignored.
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        guard (1...8).contains(digits.count), line.count <= 256,
            let size = Int(hexadecimal: digits)
        else { throw HTTPParseError("a chunk's size is not a hexadecimal number") }
        guard size <= limits.bodyBytesMax - body.count else { throw bodyTooLarge }
        state = size == 0 ? .trailer : .chunkData(remaining: size)
    }
}

extension Int {
    /// Parses digits only: no sign, no prefix, no space.
    fileprivate init?(hexadecimal digits: some Collection<UInt8>) {
        var value = 0
        for byte in digits {
            switch byte {
            case 0x30...0x39: value = value << 4 | Int(byte - 0x30)
            case 0x41...0x46: value = value << 4 | Int(byte - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | Int(byte - 0x61 + 10)
            default: return nil
            }
        }
        self = value
    }
}
