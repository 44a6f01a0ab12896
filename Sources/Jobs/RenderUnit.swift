package import MediaTime
package import RenderPlans

/// One unit of render work: a range of frames, the whole audio, or a piece of it.
package enum RenderUnit: Hashable, Sendable {
    case video(FrameRange)
    case audio
    /// Audio frames of a piece, if the audio is made in pieces (`AudioPlanner`).
    case audioPiece(AudioFrameRange)

    /// True for a unit of audio.
    package var isAudio: Bool {
        if case .video = self { false } else { true }
    }

    /// `00000300-00000600`, `audio` or `audio-00000000-00002813`: zero-padded, so that names sort
    /// by time.
    package var name: String {
        switch self {
        case .video(let frames): Self.text(frames)
        case .audio: "audio"
        case .audioPiece(let frames): "audio-\(Self.text(frames))"
        }
    }

    /// Parses a name.
    /// - Returns: nil for text that is not a unit's name.
    package init?(name: some StringProtocol) {
        guard name != "audio" else {
            self = .audio
            return
        }
        if name.hasPrefix("audio-") {
            guard let frames: AudioFrameRange = Self.range(name.dropFirst("audio-".count)) else {
                return nil
            }
            self = .audioPiece(frames)
        } else {
            guard let frames: FrameRange = Self.range(name) else { return nil }
            self = .video(frames)
        }
    }

    private static func text<Unit>(_ frames: MediaRange<Unit>) -> String {
        "\(padded(frames.start))-\(padded(frames.end))"
    }

    private static func range<Unit>(_ text: some StringProtocol) -> MediaRange<Unit>? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2,
            parts.allSatisfy({ $0.utf8.count == width && $0.utf8.allSatisfy(isDigit) }),
            let start = Int(parts[0]), let end = Int(parts[1]), 0 <= start, start < end
        else { return nil }
        return MediaRange(start, end)
    }

    /// Digits of a frame number: 24 hours at 120 frames a second need eight.
    private static let width = 8

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func padded(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }
}

extension RenderPlan {
    /// Audio units of the plan; empty without audio.
    package var audioUnits: [RenderUnit] {
        guard output.hasAudio else { return [] }
        return audioPieces?.map(RenderUnit.audioPiece) ?? [.audio]
    }
}

extension RenderPlan.Companion {
    /// True if the unit is rendered once for both exports.
    package func shares(_ unit: RenderUnit) -> Bool { !unit.isAudio || sharesAudio }
}
