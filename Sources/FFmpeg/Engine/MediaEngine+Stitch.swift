import MediaTime
package import RenderPlans

extension MediaEngine {
    /// Joins chunks and audio into the output file without encoding; a GIF or a still
    /// image is encoded from lossless chunks.
    /// - Parameters:
    ///   - chunkURLs: URL of each of `plan.chunks`, in their order.
    ///   - audioURLs: URL of the whole audio, or of each of `plan.audioPieces`; empty for
    ///     an output without audio.
    ///   - bytes: Approximate size of chunks and audio. From `largeFileBytes` on, room for
    ///     the index is left at the start and the file is written once; a smaller file
    ///     is moved behind its index and has no unused bytes.
    ///   - scratch: Folder for temporary files.
    package func stitch(
        _ plan: RenderPlan, chunkURLs: [String], audioURLs: [String], bytes: Int = 0,
        to path: String, scratch: String
    ) async throws(FFmpegError) -> RenderReport {
        precondition(chunkURLs.count == plan.chunks.count, "one URL for each chunk")
        let list = "\(scratch)/chunks.ffconcat"
        try FileSystem.write(
            Self.concatList(plan.chunks, chunkURLs, rate: plan.output.frameRate), to: list)
        defer { FileSystem.remove(list) }
        let audio = try StitchAudioInput(plan, audioURLs, listPath: "\(scratch)/audio.ffconcat")
        defer { audio?.removeList() }
        switch plan.output.format.kind {
        case .film:
            return try await join(
                plan, filmArguments(plan, list: list, audio),
                indexBytes: indexBytes(plan, bytes: bytes), to: path)
        case .audio:
            return try await run(plan, stitchedAudioArguments(audio), to: path)
        case .animation:
            return try await animate(plan, list: list, to: path, scratch: scratch)
        case .still:
            return try await run(
                plan, chunkInput(list) + PictureArguments.still(plan.output.format), to: path)
        }
    }

    /// Encodes a GIF in two runs: the first computes one palette for all frames, since
    /// chunks with different palettes would flicker at their seams.
    private func animate(
        _ plan: RenderPlan, list: String, to path: String, scratch: String
    ) async throws(FFmpegError) -> RenderReport {
        let palette = "\(scratch)/palette.png"
        defer { FileSystem.remove(palette) }
        let found = try await FFmpegProcess(configuration: configuration).run(
            configuration.ffmpegPath,
            globalArguments + chunkInput(list) + PictureArguments.palette + ["file:\(palette)"])
        let input =
            SourceInput.fence(palette, configuration) + ["-i", SourceInput.resource(palette)]
        var report = try await run(
            plan, chunkInput(list) + input + PictureArguments.animation, to: path)
        report.cpuMicroseconds += found.cpuMicroseconds
        return report
    }

    /// Size from which room for the index is left at the start: smaller files are moved
    /// quickly, and unused bytes would be a visible part of them.
    static let largeFileBytes = 64 << 20

    private func indexBytes(_ plan: RenderPlan, bytes: Int) -> Int? {
        guard bytes >= Self.largeFileBytes else { return nil }
        let samples = plan.output.hasAudio ? plan.sampleCount : 0
        return OutputFile(plan.output).indexBytes(frames: plan.frameCount, samples: samples)
    }

    /// Joins chunks and audio with room for an index of `indexBytes`.
    ///
    /// If that is nil or too small, FFmpeg moves the finished file behind its index.
    func join(
        _ plan: RenderPlan, _ arguments: [String], indexBytes: Int?, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        do {
            return try await run(plan, arguments, indexBytes: indexBytes, to: path)
        } catch {
            guard FFmpegMessage.first(.indexRoomTooSmall, in: error.standardErrorTail) != nil
            else { throw error }
            return try await run(plan, arguments, to: path)
        }
    }

    /// Writes the output file in one run and checks its number of frames.
    private func run(
        _ plan: RenderPlan, _ arguments: [String], indexBytes: Int? = nil, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        let file = OutputFile(plan.output)
        let arguments =
            globalArguments + Self.progressArguments + arguments + EncodeArguments.container
            + file.muxerOptions(indexBytes: indexBytes) + ["-f", file.muxer, "file:\(path)"]
        let counts = FrameCounts(expected: 0, report: { _ in })
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, arguments, onLine: { counts.read($0) })
        let written = counts.totals.written
        guard written == plan.pictureFrames.count else {
            throw FFmpegError(
                .frameCountMismatch(planned: plan.frameCount, written: written),
                "The output file has \(written) of \(plan.frameCount) frames.",
                arguments: arguments, exitStatus: 0, standardErrorTail: outcome.errors)
        }
        return RenderReport(
            frames: written, bytes: FileSystem.size(of: path),
            cpuMicroseconds: outcome.cpuMicroseconds)
    }

    /// The script for the concat demuxer.
    ///
    /// Each duration is the difference of two rounded times, so that rounding errors do
    /// not accumulate (measured without it: every seam moves, by 3.3 s after 80 of them).
    /// - Parameter rate: Frames per second of the ranges.
    static func concatList<Unit>(
        _ ranges: [MediaRange<Unit>], _ urls: [String], rate: Rational
    ) -> String {
        var text = "ffconcat version 1.0\n"
        for (range, url) in zip(ranges, urls) {
            text += "file \(quoted(SourceInput.resource(url)))\n"
            if SourceInput.isRemote(url) { text += remoteOptions }
            text += "duration \(duration(of: range, rate).sixDecimals)\n"
        }
        return text
    }

    /// The duration of frames in seconds: the difference of two rounded times.
    static func duration<Unit>(of frames: MediaRange<Unit>, _ rate: Rational) -> Rational {
        Rational(microseconds(frames.end, rate) - microseconds(frames.start, rate), 1_000_000)
    }

    /// Network options of the concat script: its demuxer opens the files itself.
    ///
    /// Without `ignidx` it would first seek through all fragments to the end of each chunk
    /// and discard what the store has sent (measured: 2 MB for each chunk).
    private static let remoteOptions = """
        option fflags +ignidx
        option rw_timeout 30000000
        option reconnect 1
        option reconnect_on_network_error 1
        option reconnect_on_http_error \(SourceInput.reconnectedStatuses)
        option reconnect_delay_max 4

        """

    private static func microseconds(_ frame: Int, _ rate: Rational) -> Int {
        (Rational(frame) / rate * Rational(1_000_000)).rounded
    }

    /// The text in single quotes for the concat script, which writes `'` as `'\''`.
    static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: #"'\''"#) + "'"
    }

    /// The input options that read all files of a concat script as one input.
    func chunkInput(_ list: String) -> [String] {
        // The script is ours, so it may name any file; the chunks are always mov.
        ["-protocol_whitelist", "file,http,https,tcp,tls"]
            + ["-format_whitelist", "concat,mov", "-f", "concat", "-safe", "0"]
            + ["-i", SourceInput.resource(list)]
    }

    private func arguments(_ audio: StitchAudioInput) -> [String] {
        switch audio {
        case .whole(let url, let codec):
            SourceInput.fence(url, configuration, formats: AudioContainer(codec).allowedFormats)
                + ["-i", SourceInput.resource(url)]
        case .pieces(let list, let delay):
            ["-itsoffset", (-delay).sixDecimals] + chunkInput(list)
        }
    }

    private func filmArguments(
        _ plan: RenderPlan, list: String, _ audio: StitchAudioInput?
    ) -> [String] {
        let tag = plan.output.video.codec == .hevc ? ["-tag:v", "hvc1"] : []
        return chunkInput(list) + (audio.map(arguments) ?? [])
            + ["-map", "0:v"] + (audio == nil ? [] : ["-map", "1:a"]) + ["-c", "copy"] + tag
    }

    private func stitchedAudioArguments(_ audio: StitchAudioInput?) throws(FFmpegError) -> [String]
    {
        guard let audio else {
            throw FFmpegError(.unsupported, "An audio file needs rendered audio.")
        }
        return arguments(audio) + ["-map", "0:a", "-c", "copy"]
    }
}

/// Encoder arguments of the outputs that the stitch encodes from lossless chunks.
///
/// Chunks are BT.709 in limited range; for small frames FFmpeg would assume another
/// matrix.
enum PictureArguments {
    private static let read = "in_color_matrix=bt709:in_range=tv"

    static func still(_ format: RenderPlan.OutputFormat) -> [String] {
        let encoder =
            format == .png
            ? ["-vf", "scale=\(read),format=rgb24", "-c:v", "png"]
            // JFIF files are BT.601 in full range.
            : [
                "-vf", "scale=\(read):out_color_matrix=bt601:out_range=pc,format=yuvj420p",
                "-c:v", "mjpeg", "-q:v", "2",
            ]
        return ["-map", "0:v", "-frames:v", "1"] + encoder + ["-update", "1"]
    }

    static let palette = [
        "-map", "0:v", "-vf", "scale=\(read),format=bgra,palettegen=reserve_transparent=0",
        "-frames:v", "1", "-c:v", "png", "-f", "image2", "-update", "1",
    ]

    static let animation = [
        "-filter_complex",
        "[0:v]scale=\(read),format=bgra[frames];[frames][1:v]paletteuse=dither=sierra2_4a[v]",
        "-map", "[v]", "-fps_mode", "passthrough", "-c:v", "gif", "-loop", "0",
    ]
}
