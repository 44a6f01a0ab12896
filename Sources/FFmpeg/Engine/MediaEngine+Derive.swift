import MediaTime
package import RenderPlans

extension MediaEngine {
    /// Codecs whose timestamps and priming samples survive a copy to mov, so that it
    /// decodes to the same samples.
    private static let exactInMov = [
        "aac", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le",
    ]

    /// The extension, without a dot, of the file that `extractAudio` writes; nil if the
    /// audio cannot be copied exactly.
    ///
    /// Audio of Matroska cannot: its times are milliseconds, and the copy decodes to other
    /// samples (measured with Opus).
    package static func extractedAudioExtension(for media: MediaInfo) -> String? {
        guard media.kind == .video, media.demuxer == "mov", let audio = media.audio,
            exactInMov.contains(audio.codec)
        else { return nil }
        return "m4a"
    }

    /// Copies the audio packets of a video to a separate file, so that mixing does not
    /// read the video.
    /// - Throws: `.unsupported` if the copy would not decode to the same samples at the
    ///   same times; mix from the video then.
    package func extractAudio(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        guard Self.extractedAudioExtension(for: media) != nil else {
            throw FFmpegError(.unsupported, "The audio cannot be copied exactly.")
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

    /// Writes a JPEG, at most 640 pixels wide, of the frame at a tenth of the duration.
    ///
    /// High dynamic range is mapped to BT.709 if this FFmpeg has the filters.
    /// - Throws: `.unsupported` for a file without video.
    package func poster(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        guard let video = media.video else {
            throw FFmpegError(.unsupported, "The file has no video to take a poster from.")
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
                .sourceUnreadable(source: nil), "No frame could be decoded.",
                arguments: arguments(mapping), exitStatus: 0, standardErrorTail: outcome.errors)
        }
        return RenderReport(frames: 1, bytes: bytes, cpuMicroseconds: outcome.cpuMicroseconds)
    }
}
