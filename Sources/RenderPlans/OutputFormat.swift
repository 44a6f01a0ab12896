extension RenderPlan {
    /// The container of the result; the raw value is its file extension.
    package enum OutputFormat: String, Hashable, Sendable, Codable, CaseIterable {
        case mp4, mov, webm, m4a, mp3, wav, gif, png, jpg
    }
}

extension RenderPlan.OutputFormat {
    /// The kind of output: a film, audio alone, moving pictures without audio, or one
    /// frame.
    package enum Kind: Hashable, Sendable { case film, audio, animation, still }

    /// The kind of the format.
    package var kind: Kind {
        switch self {
        case .mp4, .mov, .webm: .film
        case .m4a, .mp3, .wav: .audio
        case .gif: .animation
        case .png, .jpg: .still
        }
    }

    /// True if the output has frames.
    package var hasPicture: Bool { kind != .audio }
    /// True if the output has audio.
    package var hasAudio: Bool { kind == .film || kind == .audio }

    /// The media type of the file (RFC 6838 registrations; for wav the common name from RFC
    /// 2361).
    package var contentType: String {
        switch self {
        case .mp4: "video/mp4"
        case .mov: "video/quicktime"
        case .webm: "video/webm"
        case .m4a: "audio/mp4"
        case .mp3: "audio/mpeg"
        case .wav: "audio/wav"
        case .gif: "image/gif"
        case .png: "image/png"
        case .jpg: "image/jpeg"
        }
    }

    /// Video codecs that an edit may choose, the default first; empty if there is no
    /// choice.
    package var videoCodecs: [RenderPlan.VideoEncoding.Codec] {
        switch self {
        case .mp4: [.h264, .hevc, .av1, .lossless]
        case .mov: [.prores, .h264, .hevc, .lossless]
        case .webm: [.vp9, .av1]
        case .m4a, .mp3, .wav, .gif, .png, .jpg: []
        }
    }

    /// Audio codecs that an edit may choose; empty if there is no choice.
    package var audioCodecs: [RenderPlan.AudioEncoding.Codec] {
        switch self {
        case .mp4, .m4a: [.aac]
        case .mov: [.aac, .pcm16, .pcm24, .pcm]
        case .webm: [.opus]
        case .mp3: [.mp3]
        case .wav: [.pcm16, .pcm24, .pcm]
        case .gif, .png, .jpg: []
        }
    }

    /// The default audio codec for a video codec.
    package func usualAudioCodec(
        with video: RenderPlan.VideoEncoding.Codec
    ) -> RenderPlan.AudioEncoding.Codec {
        guard self == .mov else { return audioCodecs.first ?? .aac }
        return video == .prores || video == .lossless ? .pcm24 : .aac
    }

    /// The first film format that holds both codecs; a codec that is nil is ignored.
    package static func holding(
        _ video: RenderPlan.VideoEncoding.Codec?, _ audio: RenderPlan.AudioEncoding.Codec?
    ) -> Self? {
        allCases.first { format in
            format.kind == .film && video.map(format.videoCodecs.contains) ?? true
                && audio.map(format.audioCodecs.contains) ?? true
        }
    }
}
