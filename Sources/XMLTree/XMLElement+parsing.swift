import CXML2
import Glibc

/// Limits of a document. S3's largest documents, a listing of 1,000 long keys and the
/// completion of 10,000 parts with checksums, are smaller.
package enum XMLLimits {
    /// Bytes of the text.
    package static let bytesMax = 8 << 20
    /// Nested elements.
    package static let depthMax = 32
    /// Elements in the whole document.
    package static let elementCountMax = 200_000
}

extension XMLElement {
    /// Parses a document with libxml2: no network, no entities, no DTD.
    /// - Throws: `XMLError` when it is not well-formed, exceeds `XMLLimits`, or
    ///   declares a document type.
    package init(parsing bytes: [UInt8]) throws(XMLError) {
        guard bytes.count <= XMLLimits.bytesMax else {
            throw XMLError(
                description: "The document has more than \(XMLLimits.bytesMax) bytes.")
        }
        var hasDocumentType = false
        let document = bytes.withUnsafeBytes { buffer in
            spool_xml_parse(buffer.baseAddress, buffer.count, &hasDocumentType)
        }
        defer { spool_xml_free(document) }
        guard !hasDocumentType else {
            throw XMLError(description: "A document type declaration is not allowed.")
        }
        guard let document, let root = spool_xml_root(document) else {
            throw XMLError(description: "The document is not well-formed XML.")
        }
        var count = 0
        self = try Self.read(root, depth: 1, count: &count)
    }

    private static func read(
        _ node: OpaquePointer, depth: Int, count: inout Int
    ) throws(XMLError) -> XMLElement {
        count += 1
        guard depth <= XMLLimits.depthMax else {
            throw XMLError(
                description: "The document has more than \(XMLLimits.depthMax) levels.")
        }
        guard count <= XMLLimits.elementCountMax else {
            throw XMLError(
                description: "The document has more than \(XMLLimits.elementCountMax) elements.")
        }
        var element = XMLElement(string(spool_xml_name(node)))
        var attribute = spool_xml_first_attribute(node)
        while let current = attribute {
            let value = spool_xml_attribute_value(current)
            element.attributes[string(spool_xml_attribute_name(current))] = string(value)
            free(value)
            attribute = spool_xml_next_attribute(current)
        }
        var child = spool_xml_first_child(node)
        while let current = child {
            if spool_xml_is_element(current) {
                element.children.append(try read(current, depth: depth + 1, count: &count))
            } else {
                element.text += string(spool_xml_text(current))
            }
            child = spool_xml_next(current)
        }
        return element
    }

    private static func string(_ text: UnsafePointer<CChar>?) -> String {
        text.map { String(cString: $0) } ?? ""
    }
}
