import Crypto
import FoundationEssentials

/// A body that is all in, before what the client said of it was compared.
struct FinishedBody: Sendable {
    var bytes: Int
    /// The bytes, when they are few.
    var memory: [UInt8]
    /// The file that holds them, when they are many.
    var file: TemporaryBlob?
    var digests: BodyDigests?
    /// Has the digests of a body in a file, in a moment.
    var follower: StreamingHasher?
    var crcs: BodyCRCs
    /// Base64.
    var expectedMD5: String?
    /// Base64 by header name.
    var expectedChecksums: [String: String]

    /// Waits for the last hash and checks all that the client said.
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
