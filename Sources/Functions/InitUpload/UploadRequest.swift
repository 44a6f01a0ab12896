import Captions
import JSON

/// A caller's request to upload one file.
struct UploadRequest: Sendable {
    var fileName: String
    var contentType: String
    /// Announced size; nil if the caller did not announce one.
    var bytes: Int?
    /// A form upload; nil chooses the method by size.
    var method: Method?

    enum Method: String, CaseIterable, Sendable {
        case post = "POST"
    }

    /// A checked request.
    init(fileName: String, contentType: String, bytes: Int?) {
        (self.fileName, self.contentType, self.bytes) = (fileName, contentType, bytes)
    }

    /// - Parameters:
    ///   - typeField: Name of the field that holds the content type.
    ///   - bytesMax: Largest upload of the deployment.
    ///   - sizeField: Name of the required size field; nil where callers do not
    ///     announce the size.
    init(
        _ body: JSONValue, bytesMax: Int, typeField: String = "contentType",
        sizeField: String? = "size"
    ) throws(Problem) {
        var reader = JSONReader()
        let root = JSONNode(body, .root)
        guard let object = reader.object(root) else { throw Problem.invalid(reader.faults) }
        let name = reader.required("filename", of: object).flatMap {
            reader.text($0, lengthMax: 1_000)
        }
        // Browsers send an empty type for a file that they do not know.
        let stated = object[typeField].flatMap { node in
            node.value == "" ? nil : reader.text(node, lengthMax: 127)
        }
        let type = MediaTypes.type(stated: stated, fileName: name ?? "")
        let isCaptions = CaptionFormat(contentType: type) != nil
        if !isCaptions, type != MediaTypes.unknown, !Self.isMediaType(type) {
            reader.report(
                "must be a video, audio or image type, or a caption type (text/vtt,"
                    + " application/x-subrip, application/json), or none for a file that the name"
                    + " tells, not \(JSONReader.quoted(type))",
                at: object.pointer.appending(typeField))
        }
        // JSON is an edit or a project more often than a caption file, which is checked later.
        let captionsMax =
            type == "application/json" ? StoredEdit.bytesMax : CaptionLimits.fileBytesMax
        let maximum = isCaptions ? captionsMax : UploadLimits.bytesMax
        let size = sizeField.flatMap { reader.required($0, of: object) }
            .flatMap { reader.integer($0, in: 1...maximum) }
        // Only Spool's own API has a method field.
        if sizeField != nil, let node = object["method"] {
            method = reader.choice(node)
            if let size, size > UploadLimits.formBytes {
                reader.report(
                    "must be at most \(UploadLimits.formBytes) for a form",
                    at: object.pointer.appending("size"))
            }
        }
        guard reader.faults.isEmpty, let name else {
            throw Problem.invalid(reader.faults)
        }
        if let size, size > bytesMax {
            throw Problem.uploadTooLarge(size, bytesMax: bytesMax, pointer: "/size")
        }
        (fileName, contentType, bytes) = (name, type, size)
    }

    /// A media type without parameters, in the characters of RFC 6838.
    static func isMediaType(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, ["video", "audio", "image"].contains(parts[0]),
            !parts[1].isEmpty
        else { return false }
        return parts[1].utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && !"()<>@,;:\\\"/[]?=".utf8.contains(byte)
        }
    }
}
