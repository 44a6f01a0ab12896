import Crypto
import FoundationEssentials
import HTTPTransport
import Signing
import WallClock
import XMLTree

/// S3's XML documents as values.
enum S3Documents {
    static func parse(
        _ body: [UInt8], operation: String, key: String
    ) throws(ObjectStoreError) -> XMLElement {
        do {
            return try XMLElement(parsing: withoutPadding(body))
        } catch {
            throw ObjectStoreError(
                .invalidResponse, operation: operation, key: key,
                detail: error.description, underlying: error)
        }
    }

    /// The body without leading white space: S3 sends white space while it joins
    /// parts (S3 API Reference, CompleteMultipartUpload).
    static func withoutPadding(_ body: [UInt8]) -> [UInt8] {
        guard let first = body.first, first <= 0x20 else { return body }
        return Array(body.drop { $0 <= 0x20 })
    }

    static func malformed(_ operation: String, _ key: String) -> ObjectStoreError {
        ObjectStoreError(
            .invalidResponse, operation: operation, key: key,
            detail: "The response lacks a required element")
    }

    /// An ETag without its quotes.
    static func bare(_ etag: String) -> String {
        etag.filter { $0 != "\"" }
    }

    /// Parses the response of ListObjectsV2 with `encoding-type=url`.
    static func listPage(
        _ body: [UInt8], operation: String
    ) throws(ObjectStoreError) -> ListPage {
        let document = try parse(body, operation: operation, key: "")
        // Another document would read as an empty listing.
        guard document.name == "ListBucketResult" else { throw malformed(operation, "") }
        let isEncoded = document.text(of: "EncodingType") == "url"
        var objects: [ObjectInfo] = []
        for entry in document.all("Contents") {
            guard let text = entry.text(of: "Key"),
                let key = isEncoded ? uriDecode(text, plusIsSpace: true) : text,
                let etag = entry.text(of: "ETag"),
                let bytes = entry.text(of: "Size").flatMap({ Int($0) }),
                let modified = entry.text(of: "LastModified").flatMap({
                    UnixTime(rfc3339: $0)
                })
            else { throw malformed(operation, "") }
            objects.append(
                ObjectInfo(
                    key: ObjectKey(key), etag: bare(etag), bytes: bytes,
                    lastModified: modified))
        }
        return ListPage(
            objects: objects, isTruncated: document.text(of: "IsTruncated") == "true")
    }

    /// Parses the parts of a ListParts response.
    static func parts(
        _ document: XMLElement, operation: String, key: String
    ) throws(ObjectStoreError) -> [UploadedPart] {
        var parts: [UploadedPart] = []
        for entry in document.all("Part") {
            guard let number = entry.text(of: "PartNumber").flatMap({ Int($0) }),
                let etag = entry.text(of: "ETag"),
                let bytes = entry.text(of: "Size").flatMap({ Int($0) })
            else { throw malformed(operation, key) }
            parts.append(
                UploadedPart(
                    number: number, etag: bare(etag), bytes: bytes,
                    checksum: entry.text(of: "ChecksumCRC64NVME")))
        }
        return parts
    }

    /// The ETag of an object joined from these parts: MD5 of their MD5s, and the
    /// part count; nil if a part's ETag is not an MD5.
    static func etag(of parts: [UploadedPart]) -> String? {
        var digests: [UInt8] = []
        for part in parts {
            guard let digest = bytes(hex: part.etag), digest.count == 16 else { return nil }
            digests += digest
        }
        return "\(hex(md5(digests)))-\(parts.count)"
    }

    static func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }

    /// The body of DeleteObjects in quiet mode: the response lists failures only.
    static func deletion(_ keys: ArraySlice<ObjectKey>) -> [UInt8] {
        XMLElement(
            "Delete", attributes: ["xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"],
            children: [XMLElement("Quiet", text: "true")]
                + keys.map { XMLElement("Object", children: [XMLElement("Key", text: $0.text)]) }
        ).serialized()
    }

    /// Parses the keys that were not deleted, with their errors.
    static func deletionErrors(
        _ document: XMLElement, operation: String
    ) throws(ObjectStoreError) -> [(ObjectKey, ObjectStoreError)] {
        guard document.name == "DeleteResult" else { throw malformed(operation, "") }
        return document.all("Error").map { entry in
            let (key, code) = (entry.text(of: "Key") ?? "", entry.text(of: "Code"))
            return (
                ObjectKey(key),
                ObjectStoreError(
                    S3Refusal.code(400, code), operation: operation, key: key, serviceCode: code,
                    detail: entry.text(of: "Message"))
            )
        }
    }

    /// The body of CompleteMultipartUpload.
    static func completion(_ parts: [UploadedPart]) -> [UInt8] {
        XMLElement(
            "CompleteMultipartUpload",
            attributes: ["xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"],
            children: parts.map { part in
                XMLElement(
                    "Part",
                    children: [
                        XMLElement("PartNumber", text: "\(part.number)"),
                        XMLElement("ETag", text: "\"\(part.etag)\""),
                    ])
            }
        ).serialized()
    }
}

extension HTTPResponse {
    /// The object's total size in bytes, from `Content-Range: bytes 0-9/100`; nil without one.
    var contentRangeTotal: Int? {
        self["Content-Range"]?.split(separator: "/").last.flatMap { Int($0) }
    }
}
