import CXML2

/// One element of an XML document: name, attributes, text and children.
///
/// Namespaces are dropped from names: S3 documents use one, and clients send
/// it or leave it out.
package struct XMLElement: Sendable, Hashable {
    package var name: String
    package var attributes: [String: String]
    /// All text directly inside, joined.
    package var text: String
    package var children: [XMLElement]

    package init(
        _ name: String, text: String = "", attributes: [String: String] = [:],
        children: [XMLElement] = []
    ) {
        self.name = name
        self.text = text
        self.attributes = attributes
        self.children = children
    }

    /// The first child of that name.
    package subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// All children of that name, in document order.
    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The text of the first child of that name.
    package func text(of name: String) -> String? { self[name]?.text }
}

/// Why a document was refused.
package struct XMLError: Error, Sendable, Hashable, CustomStringConvertible {
    package var description: String
}

extension XMLElement {
    /// Deeper documents are refused.
    package static let maximumDepth = 32

    /// Parses a document with libxml2: no network, no entities, no DTD.
    /// - Throws: `XMLError` when it is not well-formed, too deep, or declares
    ///   a document type.
    package init(parsing bytes: [UInt8]) throws(XMLError) {
        guard bytes.count <= Int(Int32.max) else {
            throw XMLError(description: "The document is too large.")
        }
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
            | XML_PARSE_NOCDATA.rawValue
        let document = bytes.withUnsafeBytes { buffer in
            xmlReadMemory(
                buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count),
                nil, nil, Int32(options))
        }
        guard let document else {
            throw XMLError(description: "The document is not well-formed XML.")
        }
        defer { xmlFreeDoc(document) }
        guard document.pointee.intSubset == nil, document.pointee.extSubset == nil else {
            throw XMLError(description: "A document type declaration is not allowed.")
        }
        guard let root = xmlDocGetRootElement(document) else {
            throw XMLError(description: "The document has no element.")
        }
        self = try Self.read(root, depth: 1)
    }

    private static func read(_ node: xmlNodePtr, depth: Int) throws(XMLError) -> XMLElement {
        guard depth <= maximumDepth else {
            throw XMLError(description: "The document has more than \(maximumDepth) levels.")
        }
        var element = XMLElement(string(node.pointee.name))
        var attribute = node.pointee.properties
        while let current = attribute {
            let value = xmlGetProp(node, current.pointee.name)
            element.attributes[string(current.pointee.name)] = string(value)
            spool_xml_free(value)
            attribute = current.pointee.next
        }
        var child = node.pointee.children
        while let current = child {
            switch current.pointee.type {
            case XML_ELEMENT_NODE: element.children.append(try read(current, depth: depth + 1))
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
                element.text += string(current.pointee.content)
            default: break
            }
            child = current.pointee.next
        }
        return element
    }

    private static func string(_ text: UnsafePointer<xmlChar>?) -> String {
        text.map { String(cString: $0) } ?? ""
    }
}
