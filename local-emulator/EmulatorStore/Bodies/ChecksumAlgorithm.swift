import Crypto

/// The checksums that S3 accepts besides Content-MD5 and the payload hash.
enum ChecksumAlgorithm: String, CaseIterable, Sendable {
    case crc32, crc32c, crc64nvme, sha1, sha256

    /// For instance `x-amz-checksum-crc32`.
    var headerName: String { "x-amz-checksum-" + rawValue }

    /// Element name in S3's documents, for instance `ChecksumCRC32`.
    var elementName: String { "Checksum" + rawValue.uppercased() }

    /// Header for `FULL_OBJECT` or `COMPOSITE` (a checksum of the parts' checksums).
    static let typeHeaderName = "x-amz-checksum-type"
    /// The header by which a multipart upload names its algorithm.
    static let algorithmHeaderName = "x-amz-checksum-algorithm"

    /// The CRC, which can be combined from the CRCs of parts; nil for digests.
    var crc: RunningCRC.Algorithm? { RunningCRC.Algorithm(rawValue: rawValue) }
}

/// A running checksum of any algorithm.
enum RunningChecksum {
    case crc(RunningCRC)
    case digest(Digest)

    init(_ algorithm: ChecksumAlgorithm) {
        self =
            switch algorithm {
            case .crc32: .crc(RunningCRC(.crc32))
            case .crc32c: .crc(RunningCRC(.crc32c))
            case .crc64nvme: .crc(RunningCRC(.crc64nvme))
            case .sha1: .digest(Digest(.sha1))
            case .sha256: .digest(Digest(.sha256))
            }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch self {
        case .crc(var crc):
            crc.update(bytes)
            self = .crc(crc)
        case .digest(let digest): digest.update(bytes)
        }
    }

    /// Big-endian, as S3 encodes it in base64. Ends the checksum.
    func finish() -> [UInt8] {
        switch self {
        case .crc(let crc): crc.value
        case .digest(let digest): digest.finish()
        }
    }
}
