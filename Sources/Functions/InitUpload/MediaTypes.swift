/// Media types of uploads by the name of the file.
enum MediaTypes {
    /// The type of bytes of which nothing is known (RFC 2046, 4.5.1).
    static let unknown = "application/octet-stream"

    /// The type of an upload: the stated one, unless it says nothing; then that of the file's
    /// name, else `unknown`. The probe decides what the file is.
    /// - Parameter stated: The caller's type. Browsers know none for many media files and send
    ///   an empty one.
    static func type(stated: String?, fileName: String) -> String {
        if let stated, !stated.isEmpty, stated != unknown { return stated }
        let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1, let last = parts.last else { return unknown }
        return byExtension[last.lowercased()] ?? unknown
    }

    /// IANA's registry where it has a type, else the usual name.
    private static let byExtension: [String: String] = [
        "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime", "qt": "video/quicktime",
        "webm": "video/webm", "mkv": "video/x-matroska", "avi": "video/x-msvideo",
        "divx": "video/x-msvideo", "flv": "video/x-flv", "f4v": "video/mp4",
        "mts": "video/mp2t", "m2ts": "video/mp2t", "m2t": "video/mp2t", "ts": "video/mp2t",
        "mpg": "video/mpeg", "mpeg": "video/mpeg", "mod": "video/mpeg", "vob": "video/mpeg",
        "mxf": "video/mxf", "wmv": "video/x-ms-wmv", "asf": "video/x-ms-asf",
        "3gp": "video/3gpp", "3g2": "video/3gpp2", "ogv": "video/ogg", "dv": "video/dv",
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "m4b": "audio/mp4", "wav": "audio/wav",
        "w64": "audio/x-w64", "flac": "audio/flac", "aac": "audio/aac", "ogg": "audio/ogg",
        "oga": "audio/ogg", "opus": "audio/ogg", "aif": "audio/aiff", "aiff": "audio/aiff",
        "caf": "audio/x-caf", "amr": "audio/amr", "ac3": "audio/ac3", "eac3": "audio/eac3",
        "wma": "audio/x-ms-wma", "mka": "audio/x-matroska", "weba": "audio/webm",
        "png": "image/png", "apng": "image/apng", "jpg": "image/jpeg", "jpeg": "image/jpeg",
        "jfif": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp",
        "tif": "image/tiff", "tiff": "image/tiff", "avif": "image/avif", "heic": "image/heic",
        "heif": "image/heif", "jxl": "image/jxl", "qoi": "image/qoi",
        "srt": "application/x-subrip", "vtt": "text/vtt", "json": "application/json",
    ]
}
