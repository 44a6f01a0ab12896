import Foundation
@testable import JSON
import Testing


/// The part of JSON Schema (draft 2020-12) that the edit's schema uses. A
/// keyword that it does not know fails the test: nothing is passed over.
struct SchemaChecker {
    let root: JSONValue

    /// Whether the document is valid.
    func accepts(_ value: JSONValue) -> Bool { accepts(value, root) }

    private func accepts(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        guard case .object(let keywords) = schema else { return schema == true }
        return keywords.allSatisfy { keyword, rule in
            switch keyword {
            case "$schema", "$id", "$defs", "$comment", "title", "description", "default",
                "then", "else":
                return true
            case "$ref": return accepts(value, resolve(rule))
            case "type": return strings(rule).contains { isType(value, $0) }
            case "enum": return elements(rule).contains(value)
            case "const": return rule == value
            case "allOf": return elements(rule).allSatisfy { accepts(value, $0) }
            case "anyOf": return elements(rule).contains { accepts(value, $0) }
            case "oneOf": return elements(rule).filter { accepts(value, $0) }.count == 1
            case "not": return !accepts(value, rule)
            case "if":
                let branch = accepts(value, rule) ? keywords["then"] : keywords["else"]
                return branch.map { accepts(value, $0) } ?? true
            default: return acceptsParts(value, keyword, rule)
            }
        }
    }

    private func acceptsParts(_ value: JSONValue, _ keyword: String, _ rule: JSONValue) -> Bool {
        switch (keyword, value) {
        case ("required", .object(let fields)):
            return strings(rule).allSatisfy { fields[$0] != nil }
        case ("properties", .object(let fields)):
            guard case .object(let rules) = rule else { return false }
            return rules.allSatisfy { name, rule in fields[name].map { accepts($0, rule) } ?? true }
        case ("additionalProperties", .object(let fields)):
            // The edit's schema has it only where no properties are named.
            return fields.values.allSatisfy { accepts($0, rule) }
        case ("minProperties", .object(let fields)): return fields.count >= Int(number(rule))
        case ("maxProperties", .object(let fields)): return fields.count <= Int(number(rule))
        case ("items", .array(let values)): return values.allSatisfy { accepts($0, rule) }
        case ("contains", .array(let values)): return values.contains { accepts($0, rule) }
        case ("minItems", .array(let values)): return values.count >= Int(number(rule))
        case ("maxItems", .array(let values)): return values.count <= Int(number(rule))
        case ("minimum", .number(let value)): return value >= number(rule)
        case ("maximum", .number(let value)): return value <= number(rule)
        case ("exclusiveMinimum", .number(let value)): return value > number(rule)
        case ("minLength", .string(let text)): return text.unicodeScalars.count >= Int(number(rule))
        case ("maxLength", .string(let text)): return text.unicodeScalars.count <= Int(number(rule))
        case ("pattern", .string(let text)):
            guard case .string(let pattern) = rule else { return false }
            return text.range(of: pattern, options: .regularExpression) != nil
        case ("required", _), ("properties", _), ("items", _), ("contains", _), ("minItems", _),
            ("maxItems", _), ("minimum", _), ("maximum", _), ("exclusiveMinimum", _),
            ("minLength", _), ("maxLength", _), ("pattern", _), ("additionalProperties", _),
            ("minProperties", _), ("maxProperties", _):
            return true
        default:
            Issue.record("the checker does not know the keyword \(keyword)")
            return false
        }
    }

    private func isType(_ value: JSONValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("null", .null), ("boolean", .bool), ("number", .number), ("string", .string),
            ("array", .array), ("object", .object):
            true
        case ("integer", .number(let number)): number == number.rounded()
        default: false
        }
    }

    private func resolve(_ reference: JSONValue) -> JSONValue {
        guard case .string(let text) = reference, text.hasPrefix("#/$defs/"),
            case .object(let fields) = root, case .object(let definitions)? = fields["$defs"],
            let definition = definitions[String(text.dropFirst("#/$defs/".count))]
        else {
            Issue.record("the schema has no \(reference)")
            return false
        }
        return definition
    }

    private func elements(_ rule: JSONValue) -> [JSONValue] {
        if case .array(let values) = rule { values } else { [] }
    }

    private func strings(_ rule: JSONValue) -> [String] {
        if case .string(let text) = rule { return [text] }
        return elements(rule).compactMap { if case .string(let text) = $0 { text } else { nil } }
    }

    private func number(_ rule: JSONValue) -> Double {
        if case .number(let number) = rule { number } else { .nan }
    }
}
