import CXML2

/// What a document may have; S3's largest, a listing of 1,000 long keys or the
/// completion of 10,000 parts with checksums, stay below it.
package enum XMLLimits {
    package static let maximumBytes = 8 << 20
    package static let maximumDepth = 32
    package static let maximumElements = 200_000
}

extension XMLElement {
    /// Parses a document with libxml2: no network, no entities, no DTD.
    /// - Throws: `XMLError` when it is not well-formed, beyond `XMLLimits`, or
    ///   declares a document type.
    package init(parsing bytes: [UInt8]) throws(XMLError) {
        guard bytes.count <= XMLLimits.maximumBytes else {
            throw XMLError(
                description: "The document has more than \(XMLLimits.maximumBytes) bytes.")
        }
        guard let context = xmlNewParserCtxt() else {
            throw XMLError(description: "There is no memory for a parser.")
        }
        defer { xmlFreeParserCtxt(context) }
        // Parsing ends where a DTD begins: none of its entities is ever read.
        context.pointee.sax?.pointee.internalSubset = refuseDocumentType
        let options =
            XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
            | XML_PARSE_NOCDATA.rawValue
        let document = bytes.withUnsafeBytes { buffer in
            xmlCtxtReadMemory(
                context, buffer.baseAddress?.assumingMemoryBound(to: CChar.self),
                Int32(buffer.count), nil, nil, Int32(options))
        }
        defer { xmlFreeDoc(document) }
        guard context.pointee.errNo != Int32(XML_ERR_USER_STOP.rawValue) else {
            throw XMLError(description: "A document type declaration is not allowed.")
        }
        guard let document, let root = xmlDocGetRootElement(document) else {
            throw XMLError(description: "The document is not well-formed XML.")
        }
        var count = 0
        self = try Self.read(root, depth: 1, count: &count)
    }

    private static func read(
        _ node: xmlNodePtr, depth: Int, count: inout Int
    ) throws(XMLError) -> XMLElement {
        count += 1
        guard depth <= XMLLimits.maximumDepth else {
            throw XMLError(
                description: "The document has more than \(XMLLimits.maximumDepth) levels.")
        }
        guard count <= XMLLimits.maximumElements else {
            throw XMLError(
                description: "The document has more than \(XMLLimits.maximumElements) elements.")
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
            case XML_ELEMENT_NODE:
                element.children.append(try read(current, depth: depth + 1, count: &count))
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

/// libxml2 calls this at `<!DOCTYPE`, on the thread that parses and with the
/// context that it parses with.
private func refuseDocumentType(
    _ context: UnsafeMutableRawPointer?, _ name: UnsafePointer<xmlChar>?,
    _ externalID: UnsafePointer<xmlChar>?, _ systemID: UnsafePointer<xmlChar>?
) {
    guard let context = context?.assumingMemoryBound(to: xmlParserCtxt.self) else { return }
    context.pointee.wellFormed = 0
    xmlStopParser(context)
}
