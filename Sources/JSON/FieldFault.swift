/// One fault of a request, at its place in the document that the caller sent.
package struct FieldFault: Hashable, Sendable, Codable {
    /// RFC 6901: `/timeline/tracks/0/clips/1/asset/assetId`.
    package var pointer: String
    /// A sentence without its subject: `must be a string, not a number`.
    package var detail: String

    /// A fault at that place.
    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}
