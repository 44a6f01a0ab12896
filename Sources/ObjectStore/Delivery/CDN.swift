import Crypto
import FoundationEssentials
import Signing
import WallClock

/// A host that serves the bucket's objects to clients in place of the store: a content delivery
/// network, with public or with signed URLs.
package struct CDN: Sendable {
    /// Makes signed URLs of CloudFront.
    struct Signer: Sendable {
        var keyPairID: String
        var key: PrivateKey
        var hash: PrivateKey.Hash
        var policy: Policy
    }

    /// The statement that is signed (CloudFront Developer Guide, "Use signed URLs").
    enum Policy: String, CaseIterable, Sendable {
        /// This URL with its query, until the end of its time.
        case canned
        /// This object with any query, until the end of its time.
        case custom
    }

    /// The URL that a key is appended to, without a trailing slash.
    let baseURL: String
    /// Nil for public URLs.
    let signer: Signer?
    /// True if `response-content-disposition` reaches the store, which then names the download.
    let keepsDownloadNames: Bool

    /// The URL of an object.
    /// - Parameter expiresAt: End of a signed URL; a public one has none.
    func url(of key: ObjectKey, downloadName: String?, expiresAt: UnixTime) -> String {
        let object = "\(baseURL)/\(uriEncode(key.text, keepingSlash: true))"
        var query: [String] = []
        if let downloadName, keepsDownloadNames {
            let disposition = ContentDisposition.attachment(downloadName)
            query.append("response-content-disposition=\(uriEncode(disposition))")
        }
        if let signer {
            let url = ([object] + query).joined(separator: "?")
            query += signer.query(object: object, url: url, expiresAt: expiresAt)
        }
        return query.isEmpty ? object : "\(object)?\(query.joined(separator: "&"))"
    }
}

extension CDN.Signer {
    /// The parameters that permit a URL.
    fileprivate func query(object: String, url: String, expiresAt: UnixTime) -> [String] {
        let seconds = expiresAt.seconds
        let resource = policy == .canned ? url : object + "*"
        let statement = Array(
            """
            {"Statement":[{"Resource":"\(resource)",\
            "Condition":{"DateLessThan":{"AWS:EpochTime":\(seconds)}}}]}
            """.utf8)
        let first =
            policy == .canned ? "Expires=\(seconds)" : "Policy=\(Self.encoded(statement))"
        let signature = Self.encoded(key.signature(of: statement, hash: hash))
        let algorithm = hash == .sha256 ? ["Hash-Algorithm=SHA256"] : []
        return [first, "Signature=\(signature)", "Key-Pair-Id=\(keyPairID)"] + algorithm
    }

    /// Base64 without the characters that a query cannot have.
    private static func encoded(_ bytes: [UInt8]) -> String {
        let replaced: [UInt8: UInt8] = [
            UInt8(ascii: "+"): UInt8(ascii: "-"), UInt8(ascii: "="): UInt8(ascii: "_"),
            UInt8(ascii: "/"): UInt8(ascii: "~"),
        ]
        return String(
            decoding: Data(bytes).base64EncodedString().utf8.map { replaced[$0] ?? $0 },
            as: UTF8.self)
    }
}
