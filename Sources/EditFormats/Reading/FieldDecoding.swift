import JSON
import MediaTime
import RenderPlans

/// Reads fields that several objects of an edit have.
extension EditDecoding {
    /// Reads seconds or `"auto"`.
    mutating func start(_ node: JSONNode) -> Located<Edit.Start>? {
        if node.value == .string("auto") { return Located(.auto, node.pointer) }
        let maximum = Rational(Limits.timelineSecondsMax)
        return reader.decimal(
            node, from: .zero, to: maximum, expected: "a number of seconds or \"auto\""
        ).map { Located(.seconds($0), node.pointer) }
    }

    /// Reads seconds above 0, `"auto"` or `"end"`.
    mutating func length(_ node: JSONNode) -> Located<Edit.Length>? {
        if node.value == .string("auto") { return Located(.auto, node.pointer) }
        if node.value == .string("end") { return Located(.end, node.pointer) }
        let maximum = Rational(Limits.timelineSecondsMax)
        let seconds = reader.decimal(
            node, from: .zero, to: maximum, expected: "a number of seconds, \"auto\" or \"end\"")
        guard let seconds else { return nil }
        guard seconds > .zero else {
            reader.report("must be greater than 0", at: node.pointer)
            return nil
        }
        return Located(.seconds(seconds), node.pointer)
    }

    /// Reads an in-point in seconds of the source.
    mutating func trim(_ node: JSONNode) -> Located<Rational>? {
        let maximum = Rational(Limits.trimSecondsMax)
        return reader.decimal(node, from: .zero, to: maximum, expected: "a number of seconds")
            .map { Located($0, node.pointer) }
    }

    /// Reads a linear gain.
    mutating func volume(_ node: JSONNode) -> Rational? {
        reader.decimal(node, from: .zero, to: Limits.volumeMax)
    }

    /// Reads an asset ID: letters, digits and `. _ : -`, so that it can be part of a key.
    mutating func assetID(_ node: JSONNode) -> Located<String>? {
        guard let text = reader.text(node, lengthMax: Limits.assetIDCharactersMax) else {
            return nil
        }
        let isWord = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"),
                UInt8(ascii: "."), UInt8(ascii: ":"):
                true
            default: false
            }
        }
        guard isWord, text.first != "." else {
            reader.report(
                "must be an asset ID: letters, digits and _ - . : only", at: node.pointer)
            return nil
        }
        return Located(text, node.pointer)
    }

    /// Reads a colour such as `#1a2b3c` as `RRGGBB`, in lower case.
    mutating func color(_ node: JSONNode) -> String? {
        guard case .string(let text) = node.value else {
            return reader.mismatch(node, expected: "a string")
        }
        let digits = text.dropFirst()
        let isColour =
            text.first == "#" && digits.utf8.count == 6
            && digits.allSatisfy { $0.isHexDigit && $0.isASCII }
        guard isColour else {
            reader.report("must be a colour such as #1a2b3c", at: node.pointer)
            return nil
        }
        return digits.lowercased()
    }
}
