import EmulatorHTTP
import FoundationEssentials

/// A function's permission to store the files of a form, with the limits that hold meanwhile.
struct UploadGrant: Sendable, Equatable, Decodable {
    /// Media type of a grant.
    static let contentType = "application/vnd.spool.upload-grant+json"
    private static let fieldBytesDefault = 64 << 10

    /// Start of the key of each file, in the order of the files.
    var keys: [String]
    /// Largest file.
    var fileBytesMax: Int
    /// Maximum number of files, at most that of the keys.
    var fileCountMax: Int
    /// Largest value of a field.
    var fieldBytesMax: Int
    /// Permitted content types, for instance `video/*`; empty permits all.
    var contentTypes: [String]
    /// Largest sum of all files.
    var totalBytesMax: Int

    /// - Returns: nil for any other response than a well-formed grant.
    init?(_ response: Response) {
        let type = response.headers.first { $0.0.lowercased() == "content-type" }?.1 ?? ""
        guard response.status == 200, Self.isGrant(type), case .bytes(let bytes) = response.body,
            let grant = try? JSONDecoder().decode(UploadGrant.self, from: Data(bytes))
        else { return nil }
        self = grant
    }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        keys = try values.decode([String].self, forKey: .keys)
        fileBytesMax = max(0, try values.decode(Int.self, forKey: .fileBytesMax))
        let count = try values.decodeIfPresent(Int.self, forKey: .fileCountMax) ?? keys.count
        fileCountMax = min(max(0, count), keys.count)
        fieldBytesMax =
            try values.decodeIfPresent(Int.self, forKey: .fieldBytesMax) ?? Self.fieldBytesDefault
        contentTypes = try values.decodeIfPresent([String].self, forKey: .contentTypes) ?? []
        let (product, overflows) = fileBytesMax.multipliedReportingOverflow(by: fileCountMax)
        totalBytesMax =
            try values.decodeIfPresent(Int.self, forKey: .totalBytesMax)
            ?? (overflows ? .max : product)
    }

    private enum Key: String, CodingKey {
        case keys, fileBytesMax, fileCountMax, fieldBytesMax, contentTypes, totalBytesMax
    }

    /// True for the media type of a grant.
    static func isGrant(_ contentType: String) -> Bool {
        contentType.prefix { $0 != ";" }.lowercased() == Self.contentType
    }

    /// The key of a file: below a prefix that ends in a slash its own name, otherwise the prefix
    /// with the name's extension.
    func key(ofFile number: Int, fileName: String) -> String {
        let (prefix, name) = (keys[number], safeFileName(fileName))
        if prefix.hasSuffix("/") { return prefix + name }
        return prefix + (name.lastIndex(of: ".").map { String(name[$0...]) } ?? "")
    }

    /// True if a file of this content type may be stored.
    func permits(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }.filter { $0 != " " }.lowercased()
        return contentTypes.isEmpty
            || contentTypes.contains { pattern in
                let pattern = pattern.lowercased()
                guard pattern.hasSuffix("/*") else { return pattern == type }
                return pattern == "*/*" || type.hasPrefix(pattern.dropLast())
            }
    }
}

/// A safe last path segment of a key: no separators, no control characters, at most 200 bytes.
func safeFileName(_ name: String) -> String {
    let last = name.split { $0 == "/" || $0 == "\\" }.last.map(String.init) ?? ""
    var result = ""
    for scalar in last.unicodeScalars {
        let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        let text = isControl ? "_" : String(scalar)
        guard result.utf8.count + text.utf8.count <= 200 else { break }
        result += text
    }
    return result.allSatisfy { $0 == "." } ? "upload" : result
}
