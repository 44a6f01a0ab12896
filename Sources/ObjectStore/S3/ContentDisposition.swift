import Signing

/// The `Content-Disposition` that saves a download under a name (RFC 6266).
package enum ContentDisposition {
    /// Builds the header's value. A non-ASCII name is given in both forms: S3
    /// refuses headers outside ISO-8859-1, and old clients read the plain name
    /// only.
    package static func attachment(_ name: String) -> String {
        let visible = name.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }
        let plain = String(
            String.UnicodeScalarView(
                visible.filter { $0 != "\"" && $0 != "\\" }.map { $0.isASCII ? $0 : "_" }))
        let text = "attachment; filename=\"\(plain)\""
        guard visible.contains(where: { !$0.isASCII }) else { return text }
        return text + "; filename*=UTF-8''" + uriEncode(String(visible))
    }
}
