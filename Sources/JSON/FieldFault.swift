/// One fault of a request, with its place in the caller's document.
package struct FieldFault: Hashable, Sendable, Codable {
    /// The RFC 6901 pointer: `/timeline/tracks/0/clips/1/asset/assetId`.
    package var pointer: String
    /// A sentence without its subject: `must be a string, not a number`.
    package var detail: String

    /// Creates a fault.
    package init(pointer: String, detail: String) {
        self.pointer = pointer
        self.detail = detail
    }
}
