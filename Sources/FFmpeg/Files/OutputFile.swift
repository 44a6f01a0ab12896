import MediaTime
package import RenderPlans

/// The file name extension, without a dot, of rendered chunks.
package func chunkFileExtension(for output: RenderPlan.OutputSettings) -> String {
    output.video.codec.chunkFile
}

/// The file name extension, without a dot, of the rendered audio.
package func audioFileExtension(for output: RenderPlan.OutputSettings) -> String {
    AudioContainer(output.audio.codec).fileExtension
}

/// The media type of the rendered audio.
package func audioContentType(for output: RenderPlan.OutputSettings) -> String {
    switch AudioContainer(output.audio.codec).fileExtension {
    case "m4a": "audio/mp4"
    case "webm": "audio/webm"
    case "mp3": "audio/mpeg"
    default: "video/quicktime"
    }
}

/// The container of rendered audio before the stitch: one that keeps its length to the
/// sample.
struct AudioContainer {
    let fileExtension: String
    let muxer: String
    let demuxer: String

    init(_ codec: RenderPlan.AudioEncoding.Codec) {
        (fileExtension, muxer, demuxer) =
            switch codec {
            case .aac: ("m4a", "mp4", "mov")
            case .pcm, .pcm16, .pcm24: ("mov", "mov", "mov")
            // mp4 does not keep the end of Opus (456 samples more, measured).
            case .opus: ("webm", "webm", "matroska")
            case .mp3: ("mp3", "mp3", "mp3")
            }
    }

    /// The demuxers that may open it (`-format_whitelist`).
    var allowedFormats: String { demuxer == "matroska" ? "matroska,webm" : demuxer }
    /// True for mp4 and mov.
    var isISO: Bool { demuxer == "mov" }
}

/// Container options and frame times of the output file.
struct OutputFile {
    let output: RenderPlan.OutputSettings

    init(_ output: RenderPlan.OutputSettings) { self.output = output }

    /// `-f` for writing the output file.
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

    /// `-f` for reading the output file.
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

    /// Options of this muxer.
    /// - Parameter indexBytes: Room for the index at the start; nil lets FFmpeg move the
    ///   finished file behind its index.
    func muxerOptions(indexBytes: Int? = nil) -> [String] {
        switch output.format {
        case .mp4, .mov:
            ["-video_track_timescale", "\(ticksPerSecond)"] + movieTimescale
                + (indexBytes.map { ["-moov_size", "\($0)"] } ?? EncodeArguments.indexInFront)
        case .m4a: movieTimescale + EncodeArguments.indexInFront
        // A plain wav cannot state a length beyond 4 GiB.
        case .wav: ["-rf64", "auto"]
        case .webm, .mp3, .gif, .png, .jpg: []
        }
    }

    /// The maximum size of the index; nil for a format without an index at the start.
    ///
    /// A sample takes at most 4 bytes for its size, 4 for its keyframe flag, 8 each for
    /// its duration and its time offset, and 20 for a chunk that holds it alone (ISO/IEC
    /// 14496-12, 8.6 and 8.7).
    func indexBytes(frames: Int, samples: Int) -> Int? {
        guard output.format == .mp4 || output.format == .mov else { return nil }
        return 44 * frames + 40 * (samples / AudioFrame.sampleCount + 2) + 65_536
    }

    private var movieTimescale: [String] { ["-movie_timescale", "\(output.audio.sampleRate)"] }

    /// Ticks per second of the frame times: webm counts milliseconds, GIF hundredths of a
    /// second.
    var ticksPerSecond: Int {
        switch output.format {
        case .webm: 1_000
        case .gif: 100
        case .mp4, .mov, .m4a, .mp3, .wav, .png, .jpg: EncodeArguments.timescale(output.frameRate)
        }
    }

    /// The tick at which a frame is shown.
    func tick(of frame: Int) -> Int {
        (Rational(frame) / output.frameRate * Rational(ticksPerSecond)).rounded
    }

    /// The frame that is shown from that tick on; nil if none is.
    func frame(at tick: Int) -> Int? {
        let frame = (Rational(tick, ticksPerSecond) * output.frameRate).rounded
        return self.tick(of: frame) == tick ? frame : nil
    }
}
