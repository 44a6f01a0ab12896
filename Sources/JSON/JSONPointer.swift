/// The place of one value in a JSON document (RFC 6901): `/timeline/tracks/0`.
package struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    /// The pointer as text; empty for the whole document.
    package let description: String

    /// The whole document.
    package static let root = JSONPointer(text: "")

    private init(text: String) { description = text }

    /// The pointer to the member with that name of this object.
    package func appending(_ name: String) -> JSONPointer {
        var text = description + "/"
        for character in name.unicodeScalars {
            switch character {
            case "~": text += "~0"
            case "/": text += "~1"
            default: text.unicodeScalars.append(character)
            }
        }
        return JSONPointer(text: text)
    }

    /// The pointer to the element at that index of this array.
    package func appending(_ index: Int) -> JSONPointer {
        JSONPointer(text: "\(description)/\(index)")
    }
}
