import Crypto
import Signing
import WallClock

/// A listing: its parameters and its XML.
struct Listing: Sendable {
    /// S3 operation: ListObjects, ListObjectsV2, ListObjectVersions.
    enum Kind: Sendable {
        case version1, version2
        /// Every object has one version, `null`.
        case objectVersions

        var root: String { self == .objectVersions ? "ListVersionsResult" : "ListBucketResult" }
    }

    var query: ListQuery
    private let kind: Kind
    private let parameters: [String: String]
    private let isEncoded: Bool

    /// Reads the query parameters.
    /// - Throws: `.invalidArgument`.
    init(_ request: S3Request, _ kind: Kind) throws(S3Error) {
        self.kind = kind
        parameters = Dictionary(request.parameters.map { ($0.name, $0.value) }) { $1 }
        switch request["encoding-type"] {
        case nil: isEncoded = false
        case "url": isEncoded = true
        default: throw S3Error(.invalidArgument, "Invalid Encoding Method specified in Request")
        }
        let maximum = try Self.keyCountMax(request["max-keys"])
        query = ListQuery(
            bucket: request.bucket ?? "", prefix: Array((request["prefix"] ?? "").utf8),
            delimiter: Array((request["delimiter"] ?? "").utf8), keyCountMax: maximum)
        query.start = try start(request)
    }

    /// Reads a page size: 1,000 by default and at most.
    /// - Throws: `.invalidArgument`.
    static func keyCountMax(_ text: String?) throws(S3Error) -> Int {
        guard let text else { return 1_000 }
        guard let value = Int(text), value >= 0 else {
            throw S3Error(
                .invalidArgument, "Argument maxKeys must be an integer between 0 and 2147483647")
        }
        return min(value, 1_000)
    }

    private func start(_ request: S3Request) throws(S3Error) -> [UInt8] {
        if kind == .version2 {
            if let token = request["continuation-token"] {
                guard let start = bytes(hex: token) else {
                    throw S3Error(.invalidArgument, "The continuation token provided is incorrect")
                }
                return start
            }
            return request["start-after"].map { Array($0.utf8) + [0] } ?? []
        }
        let name = kind == .objectVersions ? "key-marker" : "marker"
        guard let marker = request[name].map({ Array($0.utf8) }), !marker.isEmpty else {
            return []
        }
        // A marker that is a common prefix of this listing covers all of its keys.
        let isGroup =
            !query.delimiter.isEmpty && marker.starts(with: query.prefix)
            && marker.count > query.prefix.count
            && marker.suffix(query.delimiter.count) == query.delimiter[...]
        return isGroup ? ObjectIndex.successor(marker) ?? marker : marker + [0]
    }

    /// Writes the response document.
    func write(_ result: ListResult, to xml: inout XMLText) {
        xml.add("Name", query.bucket)
        xml.add("Prefix", encoded(query.prefix))
        if !query.delimiter.isEmpty { xml.add("Delimiter", encoded(query.delimiter)) }
        xml.add("MaxKeys", query.keyCountMax)
        if isEncoded { xml.add("EncodingType", "url") }
        xml.add("IsTruncated", result.next == nil ? "false" : "true")
        switch kind {
        case .version2:
            xml.add("KeyCount", result.entries.count)
            if let token = parameters["continuation-token"] { xml.add("ContinuationToken", token) }
            if let after = parameters["start-after"] {
                xml.add("StartAfter", encoded(Array(after.utf8)))
            }
            if let next = result.next { xml.add("NextContinuationToken", hex(next)) }
        case .version1:
            xml.add("Marker", encoded(Array((parameters["marker"] ?? "").utf8)))
            if result.next != nil, !query.delimiter.isEmpty, let last = result.entries.last {
                xml.add("NextMarker", encoded(Self.name(last)))
            }
        case .objectVersions:
            xml.add("KeyMarker", encoded(Array((parameters["key-marker"] ?? "").utf8)))
            xml.add("VersionIdMarker", parameters["version-id-marker"] ?? "")
            if result.next != nil, let last = result.entries.last {
                xml.add("NextKeyMarker", encoded(Self.name(last)))
                xml.add("NextVersionIdMarker", "null")
            }
        }
        for case .object(let object) in result.entries { write(object, to: &xml) }
        for case .commonPrefix(let prefix) in result.entries {
            xml.add("CommonPrefixes") { $0.add("Prefix", encoded(prefix)) }
        }
    }

    private func write(_ object: ObjectRecord, to xml: inout XMLText) {
        xml.add(kind == .objectVersions ? "Version" : "Contents") { xml in
            xml.add("Key", encoded(object.key))
            if kind == .objectVersions {
                xml.add("VersionId", "null")
                xml.add("IsLatest", "true")
            }
            xml.add("LastModified", object.modified.rfc3339)
            xml.add("ETag", "\"\(object.etag)\"")
            xml.add("Size", object.bytes)
            if kind != .version2 || parameters["fetch-owner"] == "true" {
                xml.add("Owner") { $0.addOwner() }
            }
            xml.add("StorageClass", "STANDARD")
        }
    }

    private static func name(_ entry: ListResult.Entry) -> [UInt8] {
        switch entry {
        case .object(let object): object.key
        case .commonPrefix(let prefix): prefix
        }
    }

    private func encoded(_ key: [UInt8]) -> String {
        let text = String(decoding: key, as: UTF8.self)
        return isEncoded ? uriEncode(text, keepingSlash: true) : text
    }
}

extension XMLText {
    /// Adds the only owner.
    mutating func addOwner() {
        add("ID", "spool")
        add("DisplayName", "spool")
    }
}
