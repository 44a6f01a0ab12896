/// The name of one object in the bucket: 1 to 1,024 bytes of UTF-8.
/// Keys are built in `Jobs` only; other rooms pass them on.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let text: String

    package init(_ text: String) { self.text = text }

    package var description: String { text }

    /// Whether a store can hold it: an empty key would name the bucket itself.
    package var isValid: Bool { (1...1_024).contains(text.utf8.count) }

    /// S3 lists keys in the order of their UTF-8 bytes.
    package static func < (lhs: ObjectKey, rhs: ObjectKey) -> Bool {
        lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
    }
}
