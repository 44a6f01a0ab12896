/// The place of an event in the queue, read from the key of its object.
package struct QueuePlace: Hashable, Sendable {
    /// Second segment of the key; empty for events without an owner.
    package var owner: String
    /// True for a range of more than `shortRangeMax`, which others should not wait for.
    package var isLong: Bool

    /// Frames of a short range: about 20 seconds of a picture, some seconds to render.
    package static let shortRangeMax = 600

    /// A place.
    package init(owner: String, isLong: Bool) {
        self.owner = owner
        self.isLong = isLong
    }

    /// Reads a key such as `exports/{owner}/{job}/requests/00000000-00000300.chunk.json`.
    package init(objectKey: String?) {
        let parts = (objectKey ?? "").split(separator: "/", omittingEmptySubsequences: false)
        owner = parts.count > 2 ? String(parts[1]) : ""
        let name = parts.last?.prefix { $0 != "." } ?? ""
        let bounds = name.split(separator: "-").map { Int($0) }
        isLong = false
        if bounds.count == 2, let start = bounds[0], let end = bounds[1] {
            isLong = end - start > Self.shortRangeMax
        }
    }
}
