import EmulatorHTTP
import WallClock

extension ObjectStoreServer {
    private static let attributes = [
        "ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize",
    ]

    /// GetObjectAttributes.
    func getObjectAttributes(_ request: S3Request) async throws -> Response {
        let wanted = (request.header("x-amz-object-attributes") ?? "").split(separator: ",")
            .map { $0.filter { $0 != " " } }
        guard !wanted.isEmpty, wanted.allSatisfy(Self.attributes.contains) else {
            throw S3Error(
                .invalidArgument, "Invalid attribute name specified.",
                details: [("ArgumentName", "x-amz-object-attributes")])
        }
        let (bucket, key) = (request.bucket ?? "", request.key ?? [])
        let object = try await read { index in
            try index.requireBucket(bucket)
            guard let object = try index.object(bucket, key) else { throw S3Error.noSuchKey }
            return object
        }
        var response = try document("GetObjectAttributesResponse") { xml in
            // This operation alone returns the ETag without quotes.
            if wanted.contains("ETag") { xml.add("ETag", object.etag) }
            if wanted.contains("Checksum"),
                object.headers.keys.contains(where: { $0.hasPrefix("x-amz-checksum-") })
            {
                xml.add("Checksum") { object.describeChecksums(in: &$0) }
            }
            if wanted.contains("ObjectParts"), !object.partSizes.isEmpty {
                xml.add("ObjectParts") { $0.add("PartsCount", object.partSizes.count) }
            }
            if wanted.contains("StorageClass") { xml.add("StorageClass", "STANDARD") }
            if wanted.contains("ObjectSize") { xml.add("ObjectSize", object.bytes) }
        }
        response.headers.append(("Last-Modified", object.modified.http))
        return response
    }
}
