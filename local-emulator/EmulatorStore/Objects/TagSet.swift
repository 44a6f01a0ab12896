import EmulatorDatabase
import EmulatorHTTP
import Signing
import XMLTree

/// Tags of an object or a bucket (S3 User Guide, "Categorizing your storage using tags").
struct TagSet: Sendable, Equatable {
    struct Tag: Sendable, Equatable {
        var key: String
        var value: String
    }

    /// S3's limit for an object.
    static let objectTagCountMax = 10
    /// S3's limit for a bucket.
    static let bucketTagCountMax = 50

    private(set) var tags: [Tag]

    /// Reads `<Tagging><TagSet><Tag><Key/><Value/>…`.
    /// - Throws: `.malformedXML`, `.invalidTag`.
    init(_ document: XMLElement, atMost maximum: Int) throws(S3Error) {
        guard document.name == "Tagging", let set = document.all("TagSet").first else {
            throw S3Error.malformedXML
        }
        var tags: [Tag] = []
        for tag in set.all("Tag") {
            guard let key = tag.text(of: "Key"), let value = tag.text(of: "Value") else {
                throw S3Error.malformedXML
            }
            tags.append(Tag(key: key, value: value))
        }
        try self.init(tags, atMost: maximum)
    }

    /// Reads the header `x-amz-tagging`, which is encoded as a query: `color=blue&size=9`.
    /// - Throws: `.invalidArgument`, `.invalidTag`.
    init(header: String) throws(S3Error) {
        var tags: [Tag] = []
        for pair in header.split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = uriDecode(String(sides[0]), plusIsSpace: true),
                let value = uriDecode(sides.count > 1 ? String(sides[1]) : "", plusIsSpace: true)
            else {
                throw S3Error(
                    .invalidArgument,
                    "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL "
                        + "query parameters without tag name duplicates.")
            }
            tags.append(Tag(key: key, value: value))
        }
        try self.init(tags, atMost: Self.objectTagCountMax)
    }

    private init(_ tags: [Tag], atMost maximum: Int) throws(S3Error) {
        guard tags.count <= maximum else {
            throw S3Error(.badRequest, "Object tags cannot be greater than \(maximum)")
        }
        guard Set(tags.map(\.key)).count == tags.count else {
            throw S3Error(.invalidTag, "Cannot provide multiple Tags with the same key")
        }
        for tag in tags {
            guard (1...128).contains(tag.key.unicodeScalars.count) else {
                throw S3Error(.invalidTag, "The TagKey you have provided is invalid")
            }
            guard tag.value.unicodeScalars.count <= 256 else {
                throw S3Error(.invalidTag, "The TagValue you have provided is invalid")
            }
        }
        self.tags = tags
    }

    /// The tags in the form of `x-amz-tagging`.
    var header: String {
        tags.map {
            uriEncode($0.key, keepingSlash: false) + "=" + uriEncode($0.value, keepingSlash: false)
        }.joined(separator: "&")
    }

    /// Adds a `<TagSet>`.
    func write(to xml: inout XMLText) {
        xml.add("TagSet") { xml in
            for tag in tags {
                xml.add("Tag") { xml in
                    xml.add("Key", tag.key)
                    xml.add("Value", tag.value)
                }
            }
        }
    }
}

extension ObjectRecord {
    /// The stored header that holds the tags.
    static let taggingHeader = "x-amz-tagging"

    /// Tags of the object; nil without any. They were validated before they were stored.
    var tags: TagSet? { headers[Self.taggingHeader].flatMap { try? TagSet(header: $0) } }
}

extension ObjectStoreServer {
    func objectTagging(_ request: S3Request) async throws -> Response {
        let object = try await taggedObject(request)
        return try document("Tagging") { xml in
            if let tags = object.tags { tags.write(to: &xml) } else { xml.add("TagSet") { _ in } }
        }
    }

    /// PutObjectTagging and DeleteObjectTagging, which change no ETag and cause no event.
    func setObjectTagging(_ request: S3Request, _ body: [UInt8]) async throws -> Response {
        let isPut = request.head.method == "PUT"
        let tags =
            isPut ? try TagSet(Self.parse(body), atMost: TagSet.objectTagCountMax).header : nil
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        try await write(request) { try $0.setTags(tags, of: bucket, key) }
        return Response(status: isPut ? 200 : 204)
    }

    private func taggedObject(_ request: S3Request) async throws -> ObjectRecord {
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        return try await read { index in
            try index.requireBucket(bucket)
            guard let object = try index.object(bucket, key) else { throw S3Error.noSuchKey }
            return object
        }
    }
}

extension ObjectIndex {
    /// - Parameter tags: In the form of `x-amz-tagging`; nil or empty removes all.
    fileprivate func setTags(_ tags: String?, of bucket: String, _ key: [UInt8]) throws {
        try requireBucket(bucket)
        guard let object = try object(bucket, key) else { throw S3Error.noSuchKey }
        var headers = object.headers
        headers[ObjectRecord.taggingHeader] = tags.flatMap { $0.isEmpty ? nil : $0 }
        try connection.execute(
            "UPDATE objects SET headers = ? WHERE bucket = ? AND key = ?",
            try StoredJSON.encode(headers), bucket, key)
    }
}
