package import Editing

/// The arguments that turn frames and samples into files.
enum EncodeArguments {
    /// Ticks a second of every video track: the rate's numerator, doubled
    /// until it is at least 10,000, so that each frame is whole ticks.
    static func timescale(_ rate: Rational) -> Int {
        var scale = rate.numerator
        while scale < 10_000 { scale *= 2 }
        return scale
    }

    /// Length of one frame in ticks.
    static func ticksPerFrame(_ rate: Rational) -> Int {
        timescale(rate) / rate.numerator * rate.denominator
    }

    /// Encoder and muxer of a chunk. Equal for all chunks of an export, so
    /// that their parameter sets are equal bytes and can be joined by copying.
    static func video(_ output: RenderPlan.OutputSettings, threads: Int) -> [String] {
        let rate = output.frameRate
        let timeBase = Rational(1) / rate
        let quality =
            switch output.video.codec {
            case .h264: ["-crf", "\(output.video.crf)", "-profile:v", "high"]
            case .lossless: ["-qp", "0"]
            }
        // A keyframe at least every five seconds keeps seeking quick.
        let keyframes = ["-g", "\(max(1, (rate * Rational(5)).rounded))"]
        return ["-c:v", "libx264", "-preset", output.video.preset] + quality + keyframes
            + ["-bf", "3", "-pix_fmt", "yuv420p", "-threads", "\(threads)"]
            + ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"]
            + ["-color_range", "tv", "-fps_mode", "passthrough"]
            + ["-enc_time_base", "\(timeBase.numerator)/\(timeBase.denominator)"]
            + ["-video_track_timescale", "\(timescale(rate))"] + container
    }

    /// Encoder and muxer of the sound.
    static func audio(_ output: RenderPlan.OutputSettings, threads: Int) -> [String] {
        let audio = output.audio
        let codec =
            switch audio.codec {
            case .aac: ["-c:a", "aac", "-b:a", "\(audio.bitsPerSecond)"]
            case .pcm: ["-c:a", "pcm_f32le"]
            }
        return codec + ["-ar", "\(audio.sampleRate)", "-ac", "\(audio.channels)"]
            + ["-threads", "\(threads)", "-movie_timescale", "\(audio.sampleRate)"]
            + container
    }

    /// What every file of ours has: nothing of the sources' metadata, nothing
    /// of the day or the library's version, the index in front.
    static let container = [
        "-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact",
        "-movflags", "+faststart",
    ]

    static func muxer(_ codec: RenderPlan.AudioEncoding.Codec) -> String {
        switch codec {
        case .aac: "mp4"
        case .pcm: "mov"
        }
    }
}

/// The file name extension, without a dot, of an export with these settings.
/// PCM sound has no place in mp4 that players know, so it goes into mov.
package func outputFileExtension(for output: RenderPlan.OutputSettings) -> String {
    EncodeArguments.muxer(output.audio.codec)
}

/// The file name extension, without a dot, of the rendered sound.
package func audioFileExtension(for output: RenderPlan.OutputSettings) -> String {
    switch output.audio.codec {
    case .aac: "m4a"
    case .pcm: "mov"
    }
}
