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

    package init(description: String) { self.description = description }
}
