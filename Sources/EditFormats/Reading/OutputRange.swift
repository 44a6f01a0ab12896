import JSON
import MediaTime

extension EditDecoding {
    /// Reads the range of the timeline to export.
    mutating func range(_ node: JSONNode) -> Edit.Range? {
        guard let object = reader.object(node) else { return nil }
        let maximum = Rational(Limits.timelineSecondsMax)
        let start = object["start"].flatMap {
            reader.decimal($0, from: .zero, to: maximum, expected: "a number of seconds")
        }
        let length = object["length"].flatMap { node -> Rational? in
            let length = reader.decimal(
                node, from: .zero, to: maximum, expected: "a number of seconds")
            if length == .zero { reader.report("must be greater than 0", at: node.pointer) }
            return length
        }
        return Edit.Range(
            start: Located(start ?? .zero, object.pointer.appending("start")), length: length)
    }
}
