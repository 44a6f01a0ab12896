import AWSSignature

/// The checksums that S3 takes besides MD5 and SHA-256 of the payload.
enum ChecksumAlgorithm: String, CaseIterable, Sendable {
    case crc32, crc32c, crc64nvme, sha1, sha256

    /// For instance `x-amz-checksum-crc32`.
    var headerName: String { "x-amz-checksum-" + rawValue }
}

/// A checksum while its bytes go by.
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
