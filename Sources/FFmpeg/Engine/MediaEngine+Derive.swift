import MediaTime
package import RenderPlans

extension MediaEngine {
    /// Codecs whose packets mov keeps with every timestamp and all priming,
    /// so that the copy decodes to the same samples.
    private static let exactInMov = [
        "aac", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le",
    ]

    /// The extension, without a dot, of the file that `extractAudio` makes;
    /// nil where the sound cannot be copied exactly. Matroska's cannot: its
    /// times are milliseconds, and a copy (measured, Opus) plays differently.
    package static func extractedAudioExtension(for media: MediaInfo) -> String? {
        guard media.kind == .video, media.demuxer == "mov", let audio = media.audio,
            exactInMov.contains(audio.codec)
        else { return nil }
        return "m4a"
    }

    /// Copies the sound of a video into a file of its own, packet by packet,
    /// so that mixing never reads the pictures.
    /// - Throws: `.unsupported` where the copy would not decode to the same
    ///   samples at the same times; use the video itself then.
    package func extractAudio(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        guard Self.extractedAudioExtension(for: media) != nil else {
            throw FFmpegError(.unsupported, "This sound cannot be copied without a change.")
        }
        let input = SourceInput(url: url, format: media.demuxer, options: ["-vn", "-sn", "-dn"])
        let arguments =
            globalArguments + ["-copyts"] + input.arguments(configuration)
            + ["-map", "0:a:0", "-c", "copy", "-avoid_negative_ts", "disabled"]
            + ["-movie_timescale", "\(media.audio?.sampleRate ?? 48_000)"]
            + EncodeArguments.container + EncodeArguments.indexInFront + [
                "-f", "mov", "file:\(path)",
            ]
        let outcome = try await FFmpegProcess(configuration: configuration, sources: [(url, 0)])
            .run(configuration.ffmpegPath, arguments)
        return RenderReport(
            frames: 0, bytes: FileSystem.size(of: path), cpuMicroseconds: outcome.cpuMicroseconds)
    }

    /// Makes a JPEG, at most 640 pixels wide, of the picture at a tenth of the
    /// length; one of high dynamic range is brought to a usual screen's where
    /// this FFmpeg can.
    /// - Throws: `.unsupported` for sound alone.
    package func poster(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        guard let video = media.video else {
            throw FFmpegError(.unsupported, "Sound alone has no picture to show.")
        }
        var options = ["-an", "-sn", "-dn"]
        if media.kind == .video, media.durationMicroseconds > 0 {
            options += ["-ss", Rational(media.durationMicroseconds, 10_000_000).sixDecimals]
        }
        let size = video.displaySize
        let width = max(2, min(640, size.width))
        let height = max(2, (Rational(width * size.height, max(1, size.width))).rounded)
        let input = SourceInput(url: url, format: media.demuxer, options: options)
        func arguments(_ chain: [String]) -> [String] {
            let filters =
                chain + ["scale=\(width):\(height):out_range=pc", "setsar=1", "format=yuvj420p"]
            return globalArguments + input.arguments(configuration)
                + ["-map", "0:\(video.streamIndex)", "-frames:v", "1"]
                + ["-vf", filters.joined(separator: ",")]
                + ["-map_metadata", "-1", "-q:v", "4", "-c:v", "mjpeg", "-f", "mjpeg"]
                + ["file:\(path)"]
        }
        let process = FFmpegProcess(configuration: configuration, sources: [(url, 0)])
        let mapping = ToneMapping(video)?.chain(to: (width: width, height: height)) ?? []
        let outcome: FFmpegProcess.Outcome
        do throws(FFmpegError) {
            outcome = try await process.run(configuration.ffmpegPath, arguments(mapping))
        } catch {
            // A poster that is too dark is better than none.
            guard !mapping.isEmpty else { throw error }
            outcome = try await process.run(configuration.ffmpegPath, arguments([]))
        }
        let bytes = FileSystem.size(of: path)
        guard bytes > 0 else {
            throw FFmpegError(
                .sourceUnreadable(source: nil), "No picture could be decoded.",
                arguments: arguments(mapping), exitStatus: 0, standardErrorTail: outcome.errors)
        }
        return RenderReport(frames: 1, bytes: bytes, cpuMicroseconds: outcome.cpuMicroseconds)
    }
}
