import AWSSignature
import FoundationEssentials

/// What is computed of a body's bytes while they come in: MD5 and CRC-64/NVME
/// always, and what the client announces.
struct BodyHashes: ~Copyable, Sendable {
    private var md5 = RunningDigest(.md5)
    private var crc64 = RunningCRC(.crc64nvme)
    private var crc32: RunningCRC?
    private var crc32c: RunningCRC?
    private var sha1: RunningDigest?
    private var sha256: RunningDigest?
    private let announced: Set<ChecksumAlgorithm>

    init(_ announced: Set<ChecksumAlgorithm>) {
        self.announced = announced
        if announced.contains(.crc32) { crc32 = RunningCRC(.crc32) }
        if announced.contains(.crc32c) { crc32c = RunningCRC(.crc32c) }
        if announced.contains(.sha1) { sha1 = RunningDigest(.sha1) }
        if announced.contains(.sha256) { sha256 = RunningDigest(.sha256) }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5.update(bytes)
        crc64.update(bytes)
        crc32?.update(bytes)
        crc32c?.update(bytes)
        sha1?.update(bytes)
        sha256?.update(bytes)
    }

    consuming func finish() -> BodyDigests {
        let crc = Self.base64(crc64.value)
        var checksums: [String: String] = [:]
        if announced.contains(.crc64nvme) {
            checksums[ChecksumAlgorithm.crc64nvme.headerName] = crc
        }
        for (algorithm, check) in [(ChecksumAlgorithm.crc32, crc32), (.crc32c, crc32c)] {
            if let check { checksums[algorithm.headerName] = Self.base64(check.value) }
        }
        if let digest = sha1.take() {
            checksums[ChecksumAlgorithm.sha1.headerName] = Self.base64(digest.finish())
        }
        if let digest = sha256.take() {
            checksums[ChecksumAlgorithm.sha256.headerName] = Self.base64(digest.finish())
        }
        return BodyDigests(md5: md5.finish(), crc64: crc, checksums: checksums)
    }

    private static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
}

/// What a whole body came to.
struct BodyDigests: Sendable {
    var md5: [UInt8]
    /// Base64.
    var crc64: String
    /// The announced ones, base64 by header name.
    var checksums: [String: String]
}
