import MediaTime
import RenderPlans

/// Arguments of encoders and muxers.
enum EncodeArguments {
    /// Ticks per second of a video track: the numerator of the frame rate, doubled until it
    /// is at least 10,000, so that each frame is a whole number of ticks.
    static func timescale(_ rate: Rational) -> Int {
        var scale = rate.numerator
        while scale < 10_000 { scale *= 2 }
        return scale
    }

    /// Encoder and muxer arguments of a chunk.
    ///
    /// They are equal for all chunks of an export, so that the parameter sets are equal
    /// and packets can be joined without encoding.
    static func video(_ output: RenderPlan.OutputSettings, threads: Int) -> [String] {
        let rate = output.frameRate
        let timeBase = Rational(1) / rate
        return encoder(output, threads: threads) + ["-threads", "\(threads)"]
            + ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]
            + ["-color_range", "tv", "-fps_mode", "passthrough"]
            + ["-enc_time_base", "\(timeBase.numerator)/\(timeBase.denominator)"]
            + ["-video_track_timescale", "\(timescale(rate))"] + container + inFragments
    }

    private static func encoder(
        _ output: RenderPlan.OutputSettings, threads: Int
    ) -> [String] {
        let video = output.video
        if let encoder = video.hardwareEncoder {
            return HardwareEncoding(encoder, video).arguments
                + ["-g", "\(keyframeDistance(output))", "-bf", "0"]
        }
        let effort = Effort(rawValue: video.preset) ?? .veryfast
        var keyframes = ["-g", "\(keyframeDistance(output))"]
        if let distance = video.keyframeDistance {
            keyframes += ["-keyint_min", "\(distance)", "-sc_threshold", "0"]
        }
        let reordered =
            (video.ceiling.map {
                ["-maxrate", "\($0.kilobitsPerSecond)k", "-bufsize", "\($0.bufferKilobits)k"]
            } ?? []) + ["-bf", "3", "-pix_fmt", "yuv420p"]
        switch video.codec {
        case .h264:
            return ["-c:v", "libx264", "-preset", video.preset, "-crf", "\(video.crf)"]
                + ["-profile:v", "high"] + keyframes + reordered
        case .lossless:
            return ["-c:v", "libx264", "-preset", video.preset, "-qp", "0"] + keyframes
                + reordered
        case .hevc:
            // `info` would write the library's version into each chunk.
            let own = "log-level=error:info=0:open-gop=0:pools=\(threads):frame-threads=1"
            return ["-c:v", "libx265", "-preset", video.preset, "-crf", "\(video.crf)"]
                + ["-x265-params", own, "-tag:v", "hvc1"] + keyframes + reordered
        case .vp9:
            return ["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", "\(video.crf)"]
                + effort.vp9 + keyframes + ["-pix_fmt", "yuv420p"]
        case .av1:
            return ["-c:v", "libsvtav1", "-crf", "\(video.crf)", "-preset", "\(effort.av1)"]
                + ["-svtav1-params", "lp=\(threads)"] + keyframes + ["-pix_fmt", "yuv420p"]
        case .prores:
            // ProRes 422; every frame is a keyframe.
            return ["-c:v", "prores_ks", "-profile:v", "2", "-vendor", "apl0"]
                + ["-pix_fmt", "yuv422p10le"]
        }
    }

    /// A keyframe at least every five seconds keeps seeking fast.
    private static func keyframeDistance(_ output: RenderPlan.OutputSettings) -> Int {
        output.video.keyframeDistance ?? max(1, (output.frameRate * Rational(5)).rounded)
    }

    /// The presets of x264, mapped to those of other encoders.
    enum Effort: String, CaseIterable {
        case veryslow, slower, slow, medium, fast, faster, veryfast, superfast, ultrafast

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        /// NVENC's presets p7 to p1.
        var nvenc: String { "p\(max(1, 7 - rank))" }

        /// SVT-AV1's presets 4 to 12.
        var av1: Int { 4 + rank }
        /// libvpx: `good` has the speeds 0 to 5, `realtime` those from 6 on.
        var vp9: [String] {
            ["-deadline", rank > 5 ? "realtime" : "good", "-cpu-used", "\(rank)"]
        }
    }

    /// Encoder and muxer arguments of audio.
    static func audio(_ output: RenderPlan.OutputSettings, threads: Int) -> [String] {
        let audio = output.audio
        let bitRate = ["-b:a", "\(audio.bitsPerSecond)"]
        let codec =
            switch audio.codec {
            case .aac: ["-c:a", "aac"] + bitRate
            case .opus: ["-c:a", "libopus"] + bitRate
            case .mp3: ["-c:a", "libmp3lame"] + bitRate
            case .pcm: ["-c:a", "pcm_f32le"]
            case .pcm16: ["-c:a", "pcm_s16le"]
            case .pcm24: ["-c:a", "pcm_s24le"]
            }
        let file = AudioContainer(audio.codec)
        return codec + ["-ar", "\(audio.sampleRate)", "-ac", "\(audio.channels)"]
            + ["-threads", "\(threads)"]
            + (file.isISO ? ["-movie_timescale", "\(audio.sampleRate)"] : []) + container
            + (file.isISO ? indexInFront : [])
    }

    /// Options of every file: no metadata of the sources, no date and no library version.
    static let container = ["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"]

    /// Options that write a chunk in fragments which begin with a keyframe, so that the
    /// file of an interrupted run is readable up to its last fragment (`salvagedFrames`).
    private static let inFragments = [
        "-movflags", "+frag_keyframe+delay_moov+default_base_moof",
        "-min_frag_duration", "1000000",
    ]

    /// Options that put the index at the start; for mp4 and mov only, since FFmpeg refuses
    /// an option that the muxer does not use.
    static let indexInFront = ["-movflags", "+faststart"]
}

extension RenderPlan.VideoEncoding.Codec {
    /// File extension and muxer of a chunk; mp4 does not support ProRes.
    var chunkFile: String { self == .prores ? "mov" : "mp4" }

    /// FFmpeg's name of the software encoder.
    fileprivate var softwareEncoder: String {
        switch self {
        case .h264, .lossless: "libx264"
        case .hevc: "libx265"
        case .av1: "libsvtav1"
        case .vp9: "libvpx-vp9"
        case .prores: "prores_ks"
        }
    }
}

extension RenderPlan.VideoEncoding {
    /// FFmpeg's name of the encoder.
    fileprivate var encoderName: String {
        hardwareEncoder.map { HardwareEncoding($0, self).name } ?? codec.softwareEncoder
    }
}

extension RenderPlan.AudioEncoding.Codec {
    /// FFmpeg's name of the encoder.
    fileprivate var encoder: String {
        switch self {
        case .aac: "aac"
        case .opus: "libopus"
        case .mp3: "libmp3lame"
        case .pcm: "pcm_f32le"
        case .pcm16: "pcm_s16le"
        case .pcm24: "pcm_s24le"
        }
    }
}

extension RenderPlan.OutputSettings {
    /// Names of FFmpeg's encoders that this output needs.
    package var encoders: Set<String> {
        var names: Set<String> = []
        if format.hasPicture { names.insert(video.encoderName) }
        if hasAudio { names.insert(audio.codec.encoder) }
        switch format {
        case .gif: names.insert("gif")
        case .png: names.insert("png")
        case .jpg: names.insert("mjpeg")
        case .mp4, .mov, .webm, .m4a, .mp3, .wav: break
        }
        return names
    }
}
