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
        guard FragmentedFile.isWhole(path) else { throw Self.incomplete(path) }
        return RenderReport(
            frames: 0, bytes: FileSystem.size(of: path), cpuMicroseconds: outcome.cpuMicroseconds)
    }

    /// Writes a JPEG, at most 640 pixels wide, of the frame at a tenth of the duration, or of
    /// the first frame if nothing can be decoded from there.
    ///
    /// High dynamic range is mapped to BT.709 if this FFmpeg has the filters.
    /// - Throws: `.unsupported` for a file without video, `.notMedia` if no frame decodes.
    package func poster(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        guard let video = media.video else {
            throw FFmpegError(.unsupported, "The file has no video to take a poster from.")
        }
        let mapping = ToneMapping(video) == nil ? [false] : [true, false]
        let tenth = Rational(media.durationMicroseconds, 10_000_000)
        let starts = media.kind == .video && tenth > .zero ? [tenth, .zero] : [.zero]
        var failure = FFmpegError(.notMedia, "No frame could be decoded.")
        // Without an index FFmpeg seeks to the next keyframe, which may not exist. A poster
        // that is too dark is better than none.
        for start in starts {
            for isMapped in mapping {
                let arguments = posterArguments(
                    video, url, media, from: start, isMapped: isMapped, to: path)
                do throws(FFmpegError) {
                    let outcome = try await FFmpegProcess(
                        configuration: configuration, sources: [(url, 0)]
                    ).run(configuration.ffmpegPath, arguments)
                    let bytes = FileSystem.size(of: path)
                    guard bytes == 0 else {
                        try checkPicture(path)
                        return RenderReport(
                            frames: 1, bytes: bytes, cpuMicroseconds: outcome.cpuMicroseconds)
                    }
                    failure = FFmpegError(
                        .notMedia, "No frame could be decoded.", arguments: arguments,
                        exitStatus: 0, standardErrorTail: outcome.errors)
                } catch {
                    // Another frame instead of the wanted one only where the file is at fault.
                    guard error.isVerdict else { throw error }
                    failure = error
                }
            }
        }
        throw failure
    }

    private func posterArguments(
        _ video: MediaInfo.Video, _ url: String, _ media: MediaInfo, from start: Rational,
        isMapped: Bool, to path: String
    ) -> [String] {
        let size = video.displaySize
        let width = max(2, min(640, size.width))
        let height = max(2, (Rational(width * size.height, max(1, size.width))).rounded)
        let input = SourceInput(
            url: url, format: media.demuxer,
            options: ["-an", "-sn", "-dn"] + (start > .zero ? ["-ss", start.sixDecimals] : []))
        let mapping = isMapped ? ToneMapping(video) : nil
        let filters =
            (mapping?.chain(to: (width: width, height: height)) ?? [])
            + ["scale=\(width):\(height):out_range=pc", "setsar=1", "format=yuvj420p"]
        return globalArguments + input.arguments(configuration)
            + ["-map", "0:\(video.streamIndex)", "-frames:v", "1"]
            + ["-vf", filters.joined(separator: ",")]
            + ["-map_metadata", "-1", "-q:v", "4", "-c:v", "mjpeg", "-f", "mjpeg"]
            + ["file:\(path)"]
    }
}
