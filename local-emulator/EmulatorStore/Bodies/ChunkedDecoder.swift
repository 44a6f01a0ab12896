import Crypto

/// Removes aws-chunked framing from a body and checks the signatures of a signed stream's
/// chunks and trailer.
struct ChunkedDecoder {
    private enum Phase {
        /// `400;chunk-signature=…` and its line end.
        case header
        case data(left: Int, signature: String)
        /// The line end after a chunk's data.
        case dataEnd
        case trailer
        case done
    }

    /// Size of a line: a chunk's size and signature, or one trailer.
    private static let lineBytesMax = 4_096
    private static let trailerCountMax = 16

    private var phase = Phase.header
    private var line: [UInt8] = []
    private var chain: SignatureChain?
    private let hasTrailer: Bool
    private var chunkHash: Digest?
    /// Trailers with lower-case names.
    private(set) var trailers: [(name: String, value: String)] = []

    init(chain: SignatureChain?, hasTrailer: Bool) {
        self.chain = chain
        self.hasTrailer = hasTrailer
    }

    /// True after the end of the last trailer.
    var isComplete: Bool { if case .done = phase { true } else { false } }

    /// Decodes bytes of the stream.
    /// - Parameter sink: Receives the data without framing; it is verified only once the
    ///   stream is complete.
    /// - Throws: `.incompleteBody`, `.signatureDoesNotMatch`, and the errors of `sink`.
    mutating func decode(
        _ bytes: UnsafeRawBufferPointer,
        into sink: (UnsafeRawBufferPointer) throws(S3Error) -> Void
    ) throws(S3Error) {
        var position = 0
        while position < bytes.count {
            if case .data(let left, let signature) = phase {
                let count = min(left, bytes.count - position)
                let data = UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
                chunkHash?.update(data)
                try sink(data)
                position += count
                if count < left {
                    phase = .data(left: left - count, signature: signature)
                } else {
                    try endChunk(signature)
                    phase = .dataEnd
                }
                continue
            }
            let byte = bytes[position]
            position += 1
            line.append(byte)
            if byte == UInt8(ascii: "\n") {
                guard line.suffix(2).first == UInt8(ascii: "\r") else { throw Self.incomplete }
                let text = String(decoding: line.dropLast(2), as: UTF8.self)
                line = []
                try endLine(text)
            } else if line.count > Self.lineBytesMax {
                throw Self.incomplete
            }
        }
    }

    private mutating func endLine(_ text: String) throws(S3Error) {
        switch phase {
        case .header:
            let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, first.utf8.count <= 15, let size = Int(first, radix: 16),
                size >= 0
            else { throw Self.incomplete }
            let prefix = "chunk-signature="
            let signature =
                parts.count > 1 && parts[1].hasPrefix(prefix)
                ? String(parts[1].dropFirst(prefix.count)) : ""
            if chain != nil { chunkHash = Digest(.sha256) }
            if size > 0 {
                phase = .data(left: size, signature: signature)
            } else {
                try endChunk(signature)
                phase = .trailer
            }
        case .dataEnd:
            guard text.isEmpty else { throw Self.incomplete }
            phase = .header
        case .trailer: try endTrailerLine(text)
        case .data, .done: throw Self.incomplete
        }
    }

    private mutating func endChunk(_ signature: String) throws(S3Error) {
        guard chain != nil else { return }
        let hash = hex(chunkHash?.finish() ?? [])
        let empty = sha256Hex("")
        let isGood = chain?.accepts(
            signature, algorithm: "AWS4-HMAC-SHA256-PAYLOAD", [empty, hash])
        if isGood != true { throw Self.mismatch }
    }

    private mutating func endTrailerLine(_ text: String) throws(S3Error) {
        if text.isEmpty {
            if hasTrailer, chain != nil, trailers.last?.name != "x-amz-trailer-signature" {
                throw Self.mismatch
            }
            phase = .done
            return
        }
        let sides = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard hasTrailer, sides.count == 2, trailers.count < Self.trailerCountMax else {
            throw Self.incomplete
        }
        let name = sides[0].lowercased()
        let value = sides[1].drop { $0 == " " }
        if name == "x-amz-trailer-signature" {
            let lines = trailers.map { "\($0.name):\($0.value)\n" }.joined()
            let hash = sha256Hex(lines)
            let isGood = chain?.accepts(
                String(value), algorithm: "AWS4-HMAC-SHA256-TRAILER", [hash])
            if isGood == false { throw Self.mismatch }
        }
        trailers.append((name, String(value)))
    }

    private static var incomplete: S3Error {
        S3Error(.incompleteBody, "The request body is not a well-formed aws-chunked stream.")
    }

    private static var mismatch: S3Error {
        S3Error(
            .signatureDoesNotMatch,
            "The chunk signature we calculated does not match the signature you provided.")
    }
}
