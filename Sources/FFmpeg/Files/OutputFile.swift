import MediaTime
package import RenderPlans

/// The file name extension, without a dot, of rendered chunks.
package func chunkFileExtension(for output: RenderPlan.OutputSettings) -> String {
    output.video.codec.chunkFile
}

/// The file name extension, without a dot, of the rendered sound.
package func audioFileExtension(for output: RenderPlan.OutputSettings) -> String {
    AudioContainer(output.audio.codec).fileExtension
}

/// The media type of the rendered sound.
package func audioContentType(for output: RenderPlan.OutputSettings) -> String {
    switch AudioContainer(output.audio.codec).fileExtension {
    case "m4a": "audio/mp4"
    case "webm": "audio/webm"
    case "mp3": "audio/mpeg"
    default: "video/quicktime"
    }
}

/// The file that sound travels in until it is joined with the pictures: one
/// that keeps its length to the sample.
struct AudioContainer {
    let fileExtension: String
    let muxer: String
    let demuxer: String

    init(_ codec: RenderPlan.AudioEncoding.Codec) {
        (fileExtension, muxer, demuxer) =
            switch codec {
            case .aac: ("m4a", "mp4", "mov")
            case .pcm, .pcm16, .pcm24: ("mov", "mov", "mov")
            // Opus in mp4 loses where it ends (456 samples more, measured).
            case .opus: ("webm", "webm", "matroska")
            case .mp3: ("mp3", "mp3", "mp3")
            }
    }

    /// The one demuxer that may open it.
    var allowedFormats: String { demuxer == "matroska" ? "matroska,webm" : demuxer }
    /// mp4 or mov.
    var isISO: Bool { demuxer == "mov" }
}

/// How the finished file is written, and how its frames are timed.
struct OutputFile {
    let output: RenderPlan.OutputSettings

    init(_ output: RenderPlan.OutputSettings) { self.output = output }

    /// `-f` of the finished file.
    var muxer: String {
        switch output.format {
        case .mp4: "mp4"
        case .mov: "mov"
        case .webm: "webm"
        case .m4a: "ipod"
        case .mp3: "mp3"
        case .wav: "wav"
        case .gif: "gif"
        case .png, .jpg: "image2"
        }
    }

    /// `-f` for reading it again.
    var demuxer: String {
        switch output.format {
        case .mp4, .mov, .m4a: "mov"
        case .webm: "matroska"
        case .mp3: "mp3"
        case .wav: "wav"
        case .gif: "gif"
        case .png: "png_pipe"
        case .jpg: "jpeg_pipe"
        }
    }

    /// Options that this muxer alone takes.
    /// - Parameter indexBytes: Room for the index in front; nil lets FFmpeg move
    ///   the whole file once it knows how much that is.
    func muxerOptions(indexBytes: Int? = nil) -> [String] {
        switch output.format {
        case .mp4, .mov:
            ["-video_track_timescale", "\(ticksPerSecond)"] + movieTimescale
                + (indexBytes.map { ["-moov_size", "\($0)"] } ?? EncodeArguments.indexInFront)
        case .m4a: movieTimescale + EncodeArguments.indexInFront
        // Beyond 4 GiB a plain wav cannot tell its length.
        case .wav: ["-rf64", "auto"]
        case .webm, .mp3, .gif, .png, .jpg: []
        }
    }

    /// The most that the index of so much film can take; nil for a format without
    /// one that has to stand in front.
    ///
    /// A sample has at most 4 bytes of its size, 4 of being a keyframe, 8 each of
    /// its length and of its offset in time, and 20 of a chunk of its own (ISO
    /// 14496-12, 8.6 and 8.7).
    func indexBytes(frames: Int, samples: Int) -> Int? {
        guard output.format == .mp4 || output.format == .mov else { return nil }
        return 44 * frames + 40 * (samples / 1_024 + 2) + 65_536
    }

    private var movieTimescale: [String] { ["-movie_timescale", "\(output.audio.sampleRate)"] }

    /// Ticks in which the container counts frames: webm knows thousandths
    /// only, GIF hundredths.
    var ticksPerSecond: Int {
        switch output.format {
        case .webm: 1_000
        case .gif: 100
        case .mp4, .mov, .m4a, .mp3, .wav, .png, .jpg: EncodeArguments.timescale(output.frameRate)
        }
    }

    /// When a frame of the result shows.
    func tick(of frame: Int) -> Int {
        (Rational(frame) / output.frameRate * Rational(ticksPerSecond)).rounded
    }

    /// The frame that shows at that time, or nil where none does.
    func frame(at tick: Int) -> Int? {
        let frame = (Rational(tick, ticksPerSecond) * output.frameRate).rounded
        return self.tick(of: frame) == tick ? frame : nil
    }
}
