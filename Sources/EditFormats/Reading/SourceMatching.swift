import JSON

/// The properties that an output copies from its main picture.
package struct SourceMatching: Hashable, Sendable {
    /// True to copy the size of the picture, as a player shows it.
    package var size = false
    /// True to copy the frame rate; of a variable rate, the average.
    package var rate = false

    /// Creates a value that copies nothing.
    package init() {}
}

extension EditDecoding {
    /// Removes the fields that are `"source"` from the object and records them.
    mutating func sourceMatching(
        _ object: JSONObjectNode, rateNames: [String]
    ) -> (JSONObjectNode, SourceMatching) {
        var (fields, like) = (object.fields, SourceMatching())
        if fields["resolution"] == .string("source") {
            fields["resolution"] = nil
            like.size = true
        }
        for name in rateNames where fields[name] == .string("source") {
            fields[name] = nil
            like.rate = true
        }
        return (JSONObjectNode(fields: fields, pointer: object.pointer), like)
    }
}
