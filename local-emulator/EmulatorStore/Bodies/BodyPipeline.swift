import Crypto
import EmulatorHTTP
import FoundationEssentials

/// The location of a verified body.
enum StoredBody: Sendable {
    case inline([UInt8])
    case blob(String)
    /// Blobs and their sizes, in order.
    case pieces([(blob: String, bytes: Int)])
}

/// Size and digests of a received body.
struct BodyResult: Sendable {
    var bytes: Int
    /// Hexadecimal.
    var md5: String
    /// The client's checksums, base64 by header name, for instance
    /// `x-amz-checksum-crc32`.
    var checksums: [String: String]
    /// CRC-64/NVME in base64.
    var crc64: String

    /// The object's checksums: the client's, or the CRC-64/NVME that S3 adds where
    /// the client sent none.
    var servedChecksums: [String: String] {
        var served = checksums.isEmpty ? [ChecksumAlgorithm.crc64nvme.headerName: crc64] : checksums
        served[ChecksumAlgorithm.typeHeaderName] = "FULL_OBJECT"
        return served
    }
}

/// Receives a body: removes aws-chunked framing, hashes, and keeps the bytes in memory up to
/// `inlineBytesMax`, in a temporary file beyond.
final class BodyPipeline {
    private let blobs: BlobFolder
    private let inlineBytesMax: Int
    private let bytesMax: Int
    private var decoder: ChunkedDecoder?
    private let expectedHash: String?
    private let expectedBytes: Int?
    private let expectedMD5: String?
    private var expectedChecksums: [String: String] = [:]
    private let announcedTrailer: String?

    private let payloadHash: Digest?
    /// nil once the body is in a file: the follower has them then.
    private var hashes: BodyHashes?
    private var crcs: BodyCRCs
    private var memory: [UInt8] = []
    private var file: TemporaryBlob?
    private var follower: StreamingHasher?
    private var byteCount = 0

    /// Reads the headers that describe the body.
    /// - Parameters:
    ///   - inlineBytesMax: Larger bodies are written to a file; -1 writes every body to one.
    ///   - bytesMax: Larger bodies are refused.
    /// - Throws: `.entityTooLarge`, `.missingContentLength`, `.invalidDigest`.
    init(
        _ headers: HeaderFields, _ signature: PayloadSignature, blobs: BlobFolder,
        inlineBytesMax: Int, bytesMax: Int
    ) throws(S3Error) {
        self.blobs = blobs
        self.inlineBytesMax = inlineBytesMax
        self.bytesMax = bytesMax
        expectedMD5 = headers["content-md5"]
        announcedTrailer = headers["x-amz-trailer"]?.lowercased()
        switch signature {
        case .unsigned: (expectedHash, payloadHash) = (nil, nil)
        case .hash(let hash): (expectedHash, payloadHash) = (hash, Digest(.sha256))
        case .chunked(let chain, let hasTrailer):
            (expectedHash, payloadHash) = (nil, nil)
            decoder = ChunkedDecoder(chain: chain, hasTrailer: hasTrailer)
        }
        let length = headers["x-amz-decoded-content-length"].flatMap { Int($0) }
        expectedBytes = decoder == nil ? nil : length
        if decoder != nil, length == nil {
            throw S3Error(
                .missingContentLength, "You must provide x-amz-decoded-content-length.")
        }
        let size = expectedBytes ?? headers["content-length"].flatMap { Int($0) } ?? 0
        if size > bytesMax { throw Self.tooLarge(size, bytesMax) }
        if let expectedMD5, Data(base64Encoded: expectedMD5)?.count != 16 {
            throw S3Error(.invalidDigest, "The Content-MD5 you specified is not valid.")
        }
        var announced: Set<ChecksumAlgorithm> = []
        for algorithm in ChecksumAlgorithm.allCases {
            let expected = headers[algorithm.headerName]
            if let expected { expectedChecksums[algorithm.headerName] = expected }
            if expected != nil || announcedTrailer == algorithm.headerName {
                announced.insert(algorithm)
            }
        }
        hashes = BodyHashes(announced)
        crcs = BodyCRCs(announced)
    }

    /// Adds bytes as they were received.
    func receive(_ bytes: UnsafeRawBufferPointer) throws(S3Error) {
        payloadHash?.update(bytes)
        if var decoder = decoder.take() {
            defer { self.decoder = decoder }
            try decoder.decode(bytes) { data throws(S3Error) in try write(data) }
        } else {
            try write(bytes)
        }
    }

    /// Ends the body and checks its framing, length and signed hash.
    /// - Throws: `.incompleteBody`, `.xAmzContentSHA256Mismatch`.
    func close() throws(S3Error) -> FinishedBody {
        if let decoder, !decoder.isComplete || byteCount != expectedBytes {
            throw S3Error(
                .incompleteBody,
                "You did not provide the number of bytes specified by the Content-Length HTTP "
                    + "header."
            )
        }
        if let expectedHash, let hash = payloadHash?.finish(), hex(hash) != expectedHash {
            throw S3Error(
                .xAmzContentSHA256Mismatch,
                "The provided 'x-amz-content-sha256' header does not match what was computed.")
        }
        for trailer in decoder?.trailers ?? [] where trailer.name == announcedTrailer {
            expectedChecksums[trailer.name] = trailer.value
        }
        // An empty part is a file too.
        if inlineBytesMax < 0 { try moveToFile() }
        var digests: BodyDigests?
        if let hashes = hashes.take() { digests = hashes.finish() }
        return FinishedBody(
            bytes: byteCount, memory: memory, file: file, digests: digests, follower: follower,
            crcs: crcs,
            expectedMD5: expectedMD5, expectedChecksums: expectedChecksums)
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(S3Error) {
        byteCount += bytes.count
        if byteCount > bytesMax { throw Self.tooLarge(byteCount, bytesMax) }
        crcs.update(bytes)
        if file != nil {
            try writeToFile(bytes)
        } else if memory.count + bytes.count <= inlineBytesMax {
            hashes?.update(bytes)
            memory.append(contentsOf: bytes)
        } else {
            try moveToFile()
            try writeToFile(bytes)
        }
    }

    private func writeToFile(_ bytes: UnsafeRawBufferPointer) throws(S3Error) {
        try file?.write(bytes)
        follower?.advance(by: bytes.count)
    }

    private func moveToFile() throws(S3Error) {
        guard let hashes = hashes.take() else { return }
        let file = try TemporaryBlob(blobs)
        try file.write(memory)
        follower = StreamingHasher(file, blobs, from: memory.count, hashes: hashes)
        self.file = file
        memory = []
    }

    private static func tooLarge(_ bytes: Int, _ maximum: Int) -> S3Error {
        S3Error(
            .entityTooLarge, "Your proposed upload exceeds the maximum allowed size",
            details: [("ProposedSize", String(bytes)), ("MaxSizeAllowed", String(maximum))])
    }
}
