import EmulatorHTTP
import WallClock

/// The header fields that an object is stored with and served with.
enum ObjectHeaders {
    private static let kept = [
        "content-type", "cache-control", "content-disposition", "content-encoding",
        "content-language", "expires", "x-amz-website-redirect-location",
        ObjectRecord.taggingHeader,
    ]
    /// S3's limit for the user metadata of an object.
    private static let metadataBytesMax = 2_048

    /// The headers of a write that are stored with the object, by lower-case name.
    /// - Throws: `.metadataTooLarge`, `.invalidArgument`, `.invalidTag`.
    static func stored(from headers: HeaderFields) throws(S3Error) -> [String: String] {
        var stored: [String: String] = [:]
        var metadataBytes = 0
        for field in headers.fields {
            let name = field.lowercasedName
            if name.hasPrefix("x-amz-meta-") {
                metadataBytes += name.utf8.count - 11 + field.value.utf8.count
                stored[name] = stored[name].map { $0 + "," + field.value } ?? field.value
            } else if kept.contains(name) {
                stored[name] = field.value
            }
        }
        if metadataBytes > metadataBytesMax {
            throw S3Error(
                .metadataTooLarge,
                "Your metadata headers exceed the maximum allowed metadata size.")
        }
        for (name, value) in stored { try requireFieldValue(value, of: name) }
        if let tagging = stored[ObjectRecord.taggingHeader] {
            let tags = try TagSet(header: tagging).header
            stored[ObjectRecord.taggingHeader] = tags.isEmpty ? nil : tags
        }
        return normalized(stored)
    }

    /// Refuses control characters: values from queries and forms can contain line ends, which
    /// would end a header field.
    /// - Throws: `.invalidArgument`.
    static func requireFieldValue(_ value: String, of name: String) throws(S3Error) {
        if value.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
            throw S3Error(
                .invalidArgument, "Header value is invalid.", details: [("ArgumentName", name)])
        }
    }

    /// Same as above for the fields of a POST form, by lower-case name.
    static func stored(from fields: [String: String]) throws(S3Error) -> [String: String] {
        try stored(from: HeaderFields(fields.map { (name: $0.key, value: $0.value) }))
    }

    /// `aws-chunked` describes the request, not the object.
    private static func normalized(_ headers: [String: String]) -> [String: String] {
        var headers = headers
        if let encoding = headers["content-encoding"] {
            let codings = encoding.split(separator: ",").map { $0.filter { $0 != " " } }
                .filter { $0.lowercased() != "aws-chunked" && !$0.isEmpty }
            headers["content-encoding"] = codings.isEmpty ? nil : codings.joined(separator: ",")
        }
        if headers["content-type"]?.isEmpty ?? true {
            headers["content-type"] = "binary/octet-stream"
        }
        return headers
    }

    /// Types that a browser shows as documents with scripts of their own.
    private static let activeTypes: Set<String> = [
        "text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml",
        "text/xsl", "application/xslt+xml", "application/mathml+xml", "multipart/related",
        "application/x-mimearchive", "text/javascript", "application/javascript",
    ]

    /// Makes a browser that opens a presigned URL save active content instead of showing it.
    /// Images, scripts and programs are not affected.
    private static func restrictActiveContent(
        _ headers: inout [String: String], _ request: S3Request
    ) {
        guard request.header("authorization") == nil else { return }
        let type = (headers["content-type"] ?? "").lowercased().prefix { $0 != ";" && $0 != " " }
        let isActive = activeTypes.contains(String(type)) || type.hasSuffix("+xml")
        let disposition = (headers["content-disposition"] ?? "").lowercased()
        guard isActive, !disposition.hasPrefix("attachment") else { return }
        headers["content-disposition"] = "attachment"
    }

    private static let overrides = [
        "content-type", "content-language", "expires", "cache-control", "content-disposition",
        "content-encoding",
    ]

    /// The response headers of GET and HEAD.
    /// - Parameter isWhole: checksums are of the whole object only.
    /// - Throws: `.invalidArgument`.
    static func served(
        _ object: ObjectRecord, _ request: S3Request, isWhole: Bool
    ) throws(S3Error) -> [(String, String)] {
        var headers = object.headers
        headers[ObjectRecord.taggingHeader] = nil
        if let count = object.tags?.tags.count { headers["x-amz-tagging-count"] = String(count) }
        for name in overrides {
            guard let value = request["response-" + name] else { continue }
            try requireFieldValue(value, of: "response-" + name)
            headers[name] = value
        }
        let showsChecksums = isWhole && request.header("x-amz-checksum-mode") == "ENABLED"
        if !showsChecksums { headers = headers.filter { !$0.key.hasPrefix("x-amz-checksum-") } }
        restrictActiveContent(&headers, request)
        return headers.sorted { $0.key < $1.key } + [
            // A page's uploads never run on this origin.
            ("Content-Security-Policy", "sandbox"),
            ("ETag", "\"\(object.etag)\""), ("Accept-Ranges", "bytes"),
            ("Last-Modified", object.modified.http),
        ]
    }
}
