/// A value with its place in the document, so that a later check can name the field.
package struct Located<Value> {
    /// The value.
    package var value: Value
    /// The place of the value in the document.
    package var pointer: JSONPointer

    /// Creates a value with its place.
    package init(_ value: Value, _ pointer: JSONPointer) {
        self.value = value
        self.pointer = pointer
    }
}

extension Located: Sendable where Value: Sendable {}
extension Located: Equatable where Value: Equatable {}
extension Located: Hashable where Value: Hashable {}

/// A JSON value with its place.
package typealias JSONNode = Located<JSONValue>

/// The members of a JSON object, with its place.
package struct JSONObjectNode {
    /// The members by name.
    package let fields: [String: JSONValue]
    /// The place of the object in the document.
    package let pointer: JSONPointer

    /// Creates an object with its place.
    package init(fields: [String: JSONValue], pointer: JSONPointer) {
        self.fields = fields
        self.pointer = pointer
    }

    /// The member with that name; nil if it is missing or `null`, which front ends write
    /// for fields they do not set.
    package subscript(name: String) -> JSONNode? {
        guard let value = fields[name], value != .null else { return nil }
        return JSONNode(value, pointer.appending(name))
    }
}

/// Reads fields of a JSON document, checks their types and bounds, and collects every fault
/// instead of stopping at the first. A failed read reports a fault and returns nil.
package struct JSONReader {
    /// The faults so far, in the order of reading.
    private(set) package var faults: [FieldFault] = []

    /// Creates a reader without faults.
    package init() {}

    /// Adds a fault, up to `JSONLimits.faultCountMax`.
    package mutating func report(_ detail: String, at pointer: JSONPointer) {
        guard faults.count < JSONLimits.faultCountMax else { return }
        faults.append(FieldFault(pointer: pointer.description, detail: detail))
    }

    /// Adds the faults of another reader of the same document.
    package mutating func adopt(_ others: [FieldFault]) {
        faults += others.prefix(max(0, JSONLimits.faultCountMax - faults.count))
    }

    /// Reads the member; reports a fault if it is missing.
    package mutating func required(_ name: String, of object: JSONObjectNode) -> JSONNode? {
        if let node = object[name] { return node }
        report("is required", at: object.pointer.appending(name))
        return nil
    }

    /// Reads the members of an object.
    package mutating func object(_ node: JSONNode) -> JSONObjectNode? {
        guard case .object(let fields) = node.value else {
            return mismatch(node, expected: "an object")
        }
        return JSONObjectNode(fields: fields, pointer: node.pointer)
    }

    /// Reads the elements of an array.
    /// - Parameter maximum: Maximum number of elements.
    package mutating func array(_ node: JSONNode, maximum: Int) -> [JSONNode]? {
        guard case .array(let values) = node.value else {
            return mismatch(node, expected: "an array")
        }
        guard values.count <= maximum else {
            report("has \(values.count) elements; at most \(maximum) are allowed", at: node.pointer)
            return nil
        }
        return values.enumerated().map { JSONNode($1, node.pointer.appending($0)) }
    }

    /// Reads a non-empty string.
    /// - Parameter lengthMax: Maximum number of Unicode scalars.
    package mutating func text(_ node: JSONNode, lengthMax: Int) -> String? {
        guard case .string(let text) = node.value else {
            return mismatch(node, expected: "a string")
        }
        guard !text.isEmpty else {
            report("must not be empty", at: node.pointer)
            return nil
        }
        guard text.unicodeScalars.count <= lengthMax else {
            report("is longer than \(lengthMax) characters", at: node.pointer)
            return nil
        }
        return text
    }

    /// Reads a boolean.
    package mutating func flag(_ node: JSONNode) -> Bool? {
        guard case .bool(let flag) = node.value else {
            return mismatch(node, expected: "true or false")
        }
        return flag
    }

    /// Reads a whole number within the bounds.
    package mutating func integer(_ node: JSONNode, in bounds: ClosedRange<Int>) -> Int? {
        guard let value = node.value.integer else {
            return mismatch(node, expected: "a whole number")
        }
        guard bounds.contains(value) else {
            report(
                "must be from \(bounds.lowerBound) to \(bounds.upperBound), not \(value)",
                at: node.pointer)
            return nil
        }
        return value
    }

    /// Reads one of the words of an enumeration.
    package mutating func choice<Choice>(
        _ node: JSONNode, _ type: Choice.Type = Choice.self
    ) -> Choice? where Choice: RawRepresentable<String> & CaseIterable {
        guard case .string(let word) = node.value else {
            return mismatch(node, expected: "a string")
        }
        if let choice = Choice(rawValue: word) { return choice }
        let known = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        report("must be one of \(known), not \(Self.quoted(word))", at: node.pointer)
        return nil
    }

    /// Reports a value of the wrong type.
    package mutating func mismatch<Value>(_ node: JSONNode, expected: String) -> Value? {
        let found: String
        switch node.value {
        case .integer(let number) where expected.contains("number"): found = "\(number)"
        case .number(let number) where expected.contains("number"): found = "\(number)"
        default: found = node.value.kindDescription
        }
        report("must be \(expected), not \(found)", at: node.pointer)
        return nil
    }

    /// The word in quotation marks, truncated for a message.
    package static func quoted(_ word: String) -> String {
        let lengthMax = 60
        return word.count <= lengthMax ? "\"\(word)\"" : "\"\(word.prefix(lengthMax))…\""
    }
}
