/// Frames of the output time base, half-open.
package struct FrameRange: Hashable, Sendable, Codable {
    /// Negative for a clip that began before the range that is exported.
    package let start: Int
    /// The frame after the last one.
    package let end: Int

    /// - Precondition: `start <= end`.
    package init(_ start: Int, _ end: Int) {
        precondition(start <= end, "a frame range runs forward")
        self.start = start
        self.end = end
    }

    private enum CodingKeys: String, CodingKey { case start, end }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let start = try container.decode(Int.self, forKey: .start)
        let end = try container.decode(Int.self, forKey: .end)
        guard start <= end else {
            throw DecodingError.dataCorruptedError(
                forKey: .end, in: container, debugDescription: "A frame range runs forward.")
        }
        self.init(start, end)
    }

    /// Number of frames.
    package var count: Int { end - start }
    /// True for a range without frames.
    package var isEmpty: Bool { start == end }

    /// True if all frames of the other are its own.
    package func contains(_ other: FrameRange) -> Bool {
        start <= other.start && other.end <= end
    }

    /// The frames that both ranges hold, or nothing.
    package func intersection(_ other: FrameRange) -> FrameRange? {
        let (low, high) = (max(start, other.start), min(end, other.end))
        return low < high ? FrameRange(low, high) : nil
    }
}
