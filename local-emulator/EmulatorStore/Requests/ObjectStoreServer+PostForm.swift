import Crypto
import EmulatorHTTP
import Signing

extension ObjectStoreServer {
    /// POST Object, an upload by a browser's form. The policy was checked before the first byte
    /// of the file was stored.
    func postForm(
        _ request: S3Request, _ fields: [String: String], _ body: PendingRequest.Body
    ) async throws -> Response {
        try PostPolicy.checkLength(body.result.bytes, fields: fields)
        try RequestPromises.check(form: fields)
        let bucket = request.bucket ?? ""
        let key = fields["key"] ?? ""
        guard key.utf8.count <= 1_024 else {
            throw S3Error(.keyTooLongError, "Your key is too long")
        }
        let object = NewObject(
            bucket: bucket, key: Array(key.utf8), etag: body.result.md5, bytes: body.result.bytes,
            headers: try Self.headers(of: fields).merging(body.result.servedChecksums) { $1 },
            body: try await durable(body), crc64: body.result.crc64,
            condition: WritePrecondition(), eventName: "ObjectCreated:Post")
        try await commit(object, request)
        let location =
            "http://\(request.header("host") ?? "")/\(bucket)/\(uriEncode(key, keepingSlash: true))"
        let headers = [("ETag", "\"\(object.etag)\""), ("Location", location)]
        if let target = fields["success_action_redirect"] ?? fields["redirect"] {
            let query =
                "bucket=\(uriEncode(bucket))&key=\(uriEncode(key))"
                + "&etag=\(uriEncode("\"\(object.etag)\""))"
            let separator = target.contains("?") ? "&" : "?"
            return Response(
                status: 303, headers: [headers[0], ("Location", target + separator + query)])
        }
        switch fields["success_action_status"] {
        case "200": return Response(status: 200, headers: headers)
        case "201":
            var response = try document("PostResponse") { xml in
                xml.add("Location", location)
                xml.add("Bucket", bucket)
                xml.add("Key", key)
                xml.add("ETag", "\"\(object.etag)\"")
            }
            response.status = 201
            response.headers += headers
            return response
        default: return Response(status: 204, headers: headers)
        }
    }

    /// The headers to store; a form has its tags as an XML document.
    private static func headers(of fields: [String: String]) throws(S3Error) -> [String: String] {
        var fields = fields
        if let document = fields["tagging"] {
            fields[ObjectRecord.taggingHeader] =
                try TagSet(parse(Array(document.utf8)), atMost: TagSet.objectTagCountMax).header
        }
        return try ObjectHeaders.stored(from: fields)
    }
}
