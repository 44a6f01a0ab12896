import XMLTree

/// A part in the document of CompleteMultipartUpload.
struct RequestedPart: Sendable {
    /// S3's minimum for every part but the last.
    private static let bytesMin = 5 << 20

    var number: Int
    var etag: String
    /// Base64 by header name, where the client sent some.
    var checksums: [String: String]

    /// Reads a `CompleteMultipartUpload` document.
    /// - Throws: `.malformedXML`.
    static func list(_ body: [UInt8]) throws(S3Error) -> [RequestedPart] {
        let tree = try ObjectStoreServer.parse(body)
        var wanted: [RequestedPart] = []
        for part in tree.all("Part") {
            guard let number = part.text(of: "PartNumber").flatMap({ Int($0) }),
                let etag = part.text(of: "ETag")
            else { throw S3Error.malformedXML }
            var checksums: [String: String] = [:]
            for algorithm in ChecksumAlgorithm.allCases {
                checksums[algorithm.headerName] = part.text(of: algorithm.elementName)
            }
            wanted.append(
                RequestedPart(
                    number: number, etag: etag.filter { $0 != "\"" }, checksums: checksums))
        }
        let maximum = ObjectStoreServer.partNumberMax
        guard tree.name == "CompleteMultipartUpload", 1...maximum ~= wanted.count else {
            throw S3Error.malformedXML
        }
        return wanted
    }

    /// The stored parts that the client lists.
    /// - Throws: `.invalidPartOrder`, `.invalidPart`, `.entityTooSmall`.
    static func chosen(
        _ wanted: [RequestedPart], of stored: [PartRecord]
    ) throws(S3Error) -> [PartRecord] {
        for (previous, next) in zip(wanted, wanted.dropFirst()) where previous.number >= next.number
        {
            throw S3Error(
                .invalidPartOrder,
                "The list of parts was not in ascending order. Parts must be ordered by part "
                    + "number."
            )
        }
        let byNumber = Dictionary(stored.map { ($0.number, $0) }) { $1 }
        var chosen: [PartRecord] = []
        for request in wanted {
            guard let part = byNumber[request.number], part.etag == request.etag,
                request.checksums.allSatisfy({ part.checksums[$0.key] == $0.value })
            else { throw invalidPart }
            chosen.append(part)
        }
        for part in chosen.dropLast() where part.bytes < bytesMin {
            throw S3Error(
                .entityTooSmall,
                "Your proposed upload is smaller than the minimum allowed object size.",
                details: [
                    ("PartNumber", String(part.number)), ("ProposedSize", String(part.bytes)),
                ])
        }
        return chosen
    }

    private static let invalidPart = S3Error(
        .invalidPart,
        "One or more of the specified parts could not be found. The part may not have been "
            + "uploaded, or the specified entity tag may not match the part's entity tag.")
}
