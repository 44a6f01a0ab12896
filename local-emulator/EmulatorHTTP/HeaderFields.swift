/// The fields of a message in the order of arrival; names ignore case.
package struct HeaderFields: Hashable, Sendable, ExpressibleByDictionaryLiteral {
    package struct Field: Hashable, Sendable {
        /// As sent.
        package let name: String
        package let value: String
        package let lowercasedName: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
            lowercasedName = name.lowercased()
        }
    }

    package private(set) var fields: [Field] = []

    package init(_ fields: [(name: String, value: String)] = []) {
        self.fields = fields.map { Field(name: $0.name, value: $0.value) }
    }

    package init(dictionaryLiteral elements: (String, String)...) {
        fields = elements.map { Field(name: $0.0, value: $0.1) }
    }

    /// The first value of that name.
    package subscript(_ name: String) -> String? {
        let name = name.lowercased()
        return fields.first { $0.lowercasedName == name }?.value
    }

    /// All values of that name, in order.
    package func values(of name: String) -> [String] {
        let name = name.lowercased()
        return fields.filter { $0.lowercasedName == name }.map(\.value)
    }

    package mutating func append(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }
}
