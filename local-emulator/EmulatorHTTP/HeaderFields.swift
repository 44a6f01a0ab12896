/// Header fields of a message in order of arrival; names ignore case.
package struct HeaderFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    /// One field.
    package struct Field: Hashable, Sendable {
        /// Name as sent.
        package let name: String
        /// Value without surrounding space.
        package let value: String
        /// Name in lower case, for comparisons.
        package let lowercasedName: String

        /// A field.
        package init(name: String, value: String) {
            self.name = name
            self.value = value
            lowercasedName = name.lowercased()
        }
    }

    /// All fields in order of arrival.
    package private(set) var fields: [Field] = []

    /// Fields in this order.
    package init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields.map { Field(name: $0.name, value: $0.value) }
    }

    /// Fields in the order of the literal.
    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value with this name.
    package subscript(_ name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.lowercasedName == name }?.value
    }

    /// All values with this name, in order.
    package func values(of name: String) -> [String] {
        let name = name.lowercased()
        return fields.filter { $0.lowercasedName == name }.map(\.value)
    }

    /// Adds a field at the end.
    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }
}
