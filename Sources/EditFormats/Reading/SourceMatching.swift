import JSON

/// The properties that an output takes over from its main picture.
package struct SourceMatching: Hashable, Sendable {
    /// The size of the picture, as a player shows it.
    package var size = false
    /// The frame rate; a rate that varies gives its average.
    package var rate = false

    /// Takes nothing over.
    package init() {}
}

extension EditDecoding {
    /// The object without the fields that say `"source"`.
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
