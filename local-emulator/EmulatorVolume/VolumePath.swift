/// A path below the media folder, checked without touching the disk.
struct VolumePath: Hashable, Sendable {
    /// Names of the folders and of the file; none is empty, `.` or `..`.
    let components: [String]

    /// The file's name.
    var fileName: String { components[components.count - 1] }

    /// PATH_MAX of Linux.
    private static let bytesMax = 4_096

    /// Reads a path below the folder, or an absolute path that begins with the folder's.
    /// - Throws: The rest of a sentence that begins with the field.
    init(_ text: String, below root: String) throws(VolumeFault) {
        guard !text.isEmpty, text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else {
            throw VolumeFault("must be a path of 1 to \(Self.bytesMax) bytes")
        }
        var rest = text[...]
        if text.hasPrefix("/") {
            let prefix = root.hasSuffix("/") ? root : root + "/"
            guard text.hasPrefix(prefix) else {
                throw VolumeFault("must be below MEDIA_BASE_PATH")
            }
            rest = text.dropFirst(prefix.count)
        }
        let names = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard !names.contains(".."), !names.contains("."), !names.contains("") else {
            throw VolumeFault("must not contain an empty component, . or ..")
        }
        components = names
    }

    /// The media type by the file's extension; the probe decides what the file is.
    var contentType: String {
        let parts = fileName.split(separator: ".")
        let ending = parts.count > 1 ? parts[parts.count - 1].lowercased() : ""
        return Self.contentTypes[ending] ?? "video/\(ending.isEmpty ? "unknown" : "x-unknown")"
    }

    private static let contentTypes = [
        "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime",
        "mkv": "video/x-matroska", "webm": "video/webm", "avi": "video/x-msvideo",
        "mxf": "video/mxf", "mts": "video/mp2t", "m2ts": "video/mp2t", "ts": "video/mp2t",
        "mpg": "video/mpeg", "mpeg": "video/mpeg", "wav": "audio/wav", "mp3": "audio/mpeg",
        "m4a": "audio/mp4", "aac": "audio/aac", "flac": "audio/flac", "ogg": "audio/ogg",
        "opus": "audio/opus", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg",
    ]
}

/// The reason why a path, a file or a config is refused.
struct VolumeFault: Error, Hashable, Sendable {
    /// The rest of a sentence that begins with the field's name.
    var detail: String

    init(_ detail: String) { self.detail = detail }
}

/// The name of a job's folder.
enum JobFolderName {
    /// Longest name; the rest of a client token is ours.
    static let characterCountMax = 100

    /// True for 1 to 100 of `A-Z a-z 0-9 . _ -`, not beginning with a dot.
    static func isPlain(_ name: String) -> Bool {
        guard (1...characterCountMax).contains(name.utf8.count), !name.hasPrefix(".") else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
    }

    /// The refusal of any other name.
    static let rule =
        "The folder's name must be 1 to \(characterCountMax) of A-Z a-z 0-9 . _ - and not begin"
        + " with a dot."
}
