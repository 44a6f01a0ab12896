/// The unit of a range. The two units are types, so that a range of video frames is never
/// mistaken for one of audio frames.
package protocol RangeUnit: Sendable {}

/// A frame of the output, one per step of its frame rate.
package enum VideoFrame: RangeUnit {}

/// An AAC frame: the samples of one packet (ISO/IEC 14496-3).
package enum AudioFrame: RangeUnit {
    /// Samples of one channel.
    package static let sampleCount = 1_024
}

/// Video frames of the output time base, half-open.
package typealias FrameRange = MediaRange<VideoFrame>

/// AAC frames of an export's audio, half-open. The first holds the encoder's delay.
package typealias AudioFrameRange = MediaRange<AudioFrame>

/// A half-open range of frames of one kind. Stored as `{"start": …, "end": …}`.
package struct MediaRange<Unit: RangeUnit>: Hashable, Sendable, Codable {
    /// First frame. Negative for a clip that begins before the exported range.
    package let start: Int
    /// The frame after the last one.
    package let end: Int

    /// Creates a range.
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

    /// Frames in the range.
    package var count: Int { end - start }

    /// True for a range of no frames.
    package var isEmpty: Bool { start == end }

    /// True if every frame of the other range is in this one.
    package func contains(_ other: MediaRange) -> Bool {
        start <= other.start && other.end <= end
    }

    /// The frames that both ranges contain; nil if there are none.
    package func intersection(_ other: MediaRange) -> MediaRange? {
        let (low, high) = (max(start, other.start), min(end, other.end))
        return low < high ? MediaRange(low, high) : nil
    }
}
