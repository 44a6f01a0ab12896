import Crypto
import FoundationEssentials

/// A completely received body whose checksums are not compared yet.
struct FinishedBody: Sendable {
    var bytes: Int
    /// The bytes of a small body.
    var memory: [UInt8]
    /// The file of a large body.
    var file: TemporaryBlob?
    var digests: BodyDigests?
    /// Calculates the digests of a body in a file.
    var follower: StreamingHasher?
    var crcs: BodyCRCs
    /// Content-MD5, in base64.
    var expectedMD5: String?
    /// Checksums that the client sent, in base64 by header name.
    var expectedChecksums: [String: String]

    /// Waits for the digests and compares them with the client's.
    /// - Throws: `.badDigest`, `.internalError`.
    func result() async throws(S3Error) -> BodyResult {
        var found = digests
        if let follower { found = try await follower.finish() }
        guard let found else { throw S3Error(.internalError, "The body was not hashed.") }
        if let expectedMD5, Data(base64Encoded: expectedMD5) != Data(found.md5) {
            throw S3Error(
                .badDigest, "The Content-MD5 you specified did not match what we received.")
        }
        let checksums = found.checksums.merging(crcs.checksums) { $1 }
        for (name, value) in checksums where expectedChecksums[name] != value {
            let algorithm = name.dropFirst("x-amz-checksum-".count).uppercased()
            throw S3Error(
                .badDigest,
                "The \(algorithm) you specified did not match the calculated checksum.")
        }
        return BodyResult(
            bytes: bytes, md5: hex(found.md5), checksums: checksums, crc64: crcs.value)
    }
}
