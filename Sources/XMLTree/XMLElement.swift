/// One element of an XML document: name, attributes, text and children.
///
/// Names have no namespace: S3's documents use one, and some clients omit it.
package struct XMLElement: Sendable, Hashable {
    /// Name without namespace.
    package var name: String
    /// Attribute values by name.
    package var attributes: [String: String]
    /// Text directly inside the element, joined.
    package var text: String
    /// Child elements in document order.
    package var children: [XMLElement]

    /// An element.
    package init(
        _ name: String, text: String = "", attributes: [String: String] = [:],
        children: [XMLElement] = []
    ) {
        self.name = name
        self.text = text
        self.attributes = attributes
        self.children = children
    }

    /// The first child with this name.
    package subscript(name: String) -> XMLElement? { children.first { $0.name == name } }

    /// All children with this name, in document order.
    package func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// The text of the first child with this name.
    package func text(of name: String) -> String? { self[name]?.text }
}

/// A document that was refused.
package struct XMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence that names the fault.
    package var description: String

    /// An error.
    package init(description: String) { self.description = description }
}
