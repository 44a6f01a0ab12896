/// The name of one object in the bucket: 1 to 1,024 bytes of UTF-8. Only `Jobs`
/// builds keys; other modules pass them on.
package struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The key as text.
    package let text: String

    /// Creates a key without checking it; see `isValid`.
    package init(_ text: String) { self.text = text }

    package var description: String { text }

    /// True if the length is 1 to 1,024 bytes; an empty key would name the
    /// bucket.
    package var isValid: Bool { (1...1_024).contains(text.utf8.count) }

    /// True if no segment is empty, `.` or `..`. A proxy or a store that normalises paths would
    /// make another key of one that has such a segment, perhaps another owner's.
    package var hasPlainSegments: Bool {
        !text.split(separator: "/", omittingEmptySubsequences: false)
            .contains { $0.isEmpty || $0 == "." || $0 == ".." }
    }

    /// True if an XML document can contain the key: XML 1.0 excludes most control
    /// characters (production 2, Char).
    var fitsXML: Bool {
        text.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x09, 0x0A, 0x0D, 0x20...0xFFFD, 0x1_0000...: true
            default: false
            }
        }
    }

    /// S3 lists keys in the order of their UTF-8 bytes.
    package static func < (lhs: ObjectKey, rhs: ObjectKey) -> Bool {
        lhs.text.utf8.lexicographicallyPrecedes(rhs.text.utf8)
    }
}
