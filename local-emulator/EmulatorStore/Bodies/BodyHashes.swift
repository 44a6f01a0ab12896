import Crypto
import FoundationEssentials

/// Running digests of a body: MD5 always, SHA-1 and SHA-256 if the client announces them.
struct BodyHashes: ~Copyable, Sendable {
    private var md5 = RunningDigest(.md5)
    private var sha1: RunningDigest?
    private var sha256: RunningDigest?

    init(_ announced: Set<ChecksumAlgorithm>) {
        if announced.contains(.sha1) { sha1 = RunningDigest(.sha1) }
        if announced.contains(.sha256) { sha256 = RunningDigest(.sha256) }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        md5.update(bytes)
        sha1?.update(bytes)
        sha256?.update(bytes)
    }

    consuming func finish() -> BodyDigests {
        var checksums: [String: String] = [:]
        if let digest = sha1.take() {
            checksums[ChecksumAlgorithm.sha1.headerName] = base64(digest.finish())
        }
        if let digest = sha256.take() {
            checksums[ChecksumAlgorithm.sha256.headerName] = base64(digest.finish())
        }
        return BodyDigests(md5: md5.finish(), checksums: checksums)
    }
}

/// Digests of a whole body.
struct BodyDigests: Sendable {
    var md5: [UInt8]
    /// Announced digests in base64, by header name.
    var checksums: [String: String]
}

/// Running CRCs of a body: CRC-64/NVME always, others if the client announces them.
struct BodyCRCs: Sendable {
    private var crc64 = RunningCRC(.crc64nvme)
    private var others: [(ChecksumAlgorithm, RunningCRC)] = []
    private let announced: Set<ChecksumAlgorithm>

    init(_ announced: Set<ChecksumAlgorithm>) {
        self.announced = announced
        for algorithm in announced where algorithm != .crc64nvme {
            if let crc = algorithm.crc { others.append((algorithm, RunningCRC(crc))) }
        }
    }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        crc64.update(bytes)
        for index in others.indices { others[index].1.update(bytes) }
    }

    /// CRC-64/NVME in base64.
    var value: String { base64(crc64.value) }

    /// Announced CRCs in base64, by header name.
    var checksums: [String: String] {
        var found: [String: String] = [:]
        if announced.contains(.crc64nvme) { found[ChecksumAlgorithm.crc64nvme.headerName] = value }
        for (algorithm, crc) in others { found[algorithm.headerName] = base64(crc.value) }
        return found
    }
}

private func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
