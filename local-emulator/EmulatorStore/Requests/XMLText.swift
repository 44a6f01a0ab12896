import XMLTree

/// Builder of S3's XML documents.
struct XMLText {
    private var element: XMLElement

    private static let namespace = ["xmlns": "http://s3.amazonaws.com/doc/2006-03-01/"]

    init(building root: String, _ content: (inout XMLText) throws -> Void) rethrows {
        element = XMLElement(root, attributes: Self.namespace)
        try content(&self)
    }

    init(_ root: String, text: String) {
        element = XMLElement(root, text: text, attributes: Self.namespace)
    }

    /// An error document, which has no namespace.
    init(error: S3Error, resource: String, requestID: String) {
        element = XMLElement("Error")
        add("Code", error.code.rawValue)
        add("Message", error.message)
        for (name, value) in error.details { add(name, value) }
        add("Resource", resource)
        add("RequestId", requestID)
        add("HostId", "spool")
    }

    private init(element: XMLElement) { self.element = element }

    mutating func add(_ name: String, _ value: String) {
        element.children.append(XMLElement(name, text: value))
    }

    mutating func add(_ name: String, _ value: Int) { add(name, String(value)) }

    mutating func add(_ name: String, _ content: (inout XMLText) -> Void) {
        var child = XMLText(element: XMLElement(name))
        content(&child)
        element.children.append(child.element)
    }

    /// Same as `add`, for content that can throw.
    mutating func adding(_ name: String, _ content: (inout XMLText) throws -> Void) rethrows {
        var child = XMLText(element: XMLElement(name))
        try content(&child)
        element.children.append(child.element)
    }

    var bytes: [UInt8] { element.serialized() }
}
