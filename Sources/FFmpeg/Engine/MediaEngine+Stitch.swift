import MediaTime
package import RenderPlans

extension MediaEngine {
    /// Makes the finished file of chunks and sound: joined without encoding,
    /// or, for what has no chunks of its own kind (GIF, a still), encoded from
    /// lossless ones.
    /// - Parameters:
    ///   - chunkURLs: One for each of `plan.chunks`, in their order.
    ///   - audioURLs: What `renderAudio` made, the whole or one for each of
    ///     `plan.audioPieces`; none where there is no sound.
    ///   - bytes: About as many as chunks and sound have. A large film has room
    ///     for its index in front from the start, and is written once; a small
    ///     one is moved behind its index, and has no empty room.
    ///   - scratch: A folder of the caller's for the list of chunks.
    package func stitch(
        _ plan: RenderPlan, chunkURLs: [String], audioURLs: [String], bytes: Int = 0,
        to path: String, scratch: String
    ) async throws(FFmpegError) -> RenderReport {
        precondition(chunkURLs.count == plan.chunks.count, "a URL for each chunk")
        let list = "\(scratch)/chunks.ffconcat"
        try FileSystem.write(
            Self.concatList(plan.chunks, chunkURLs, rate: plan.output.frameRate), to: list)
        defer { FileSystem.remove(list) }
        let audio = try StitchAudioInput(plan, audioURLs, listPath: "\(scratch)/sound.ffconcat")
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

    /// A GIF has one palette for all its frames, found in a run of its own:
    /// chunks with palettes of their own would flicker at their seams.
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

    /// Smaller films are moved quickly, and empty room would show in their size.
    static let largeFilmBytes = 64 << 20

    private func indexBytes(_ plan: RenderPlan, bytes: Int) -> Int? {
        guard bytes >= Self.largeFilmBytes else { return nil }
        let samples = plan.output.format.hasAudio ? plan.sampleCount : 0
        return OutputFile(plan.output).indexBytes(frames: plan.frameCount, samples: samples)
    }

    /// Joins chunks and sound with that much room for the index, or with the file
    /// moved where it is nil or turns out to be too small.
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

    /// Runs what writes the finished file, and counts its frames.
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
                "The joined file has \(written) of \(plan.frameCount) frames.",
                arguments: arguments, exitStatus: 0, standardErrorTail: outcome.errors)
        }
        return RenderReport(
            frames: written, bytes: FileSystem.size(of: path),
            cpuMicroseconds: outcome.cpuMicroseconds)
    }

    /// The list for the concat demuxer. Each length is the difference of two
    /// rounded times, so rounding never adds up (measured: without it every
    /// seam moves, 3.3 s after 80 of them).
    /// - Parameter rate: Frames of the ranges in a second.
    static func concatList(_ ranges: [FrameRange], _ urls: [String], rate: Rational) -> String {
        var text = "ffconcat version 1.0\n"
        for (range, url) in zip(ranges, urls) {
            text += "file \(quoted(SourceInput.resource(url)))\n"
            if SourceInput.isRemote(url) { text += remoteOptions }
            text += "duration \(duration(of: range, rate).sixDecimals)\n"
        }
        return text
    }

    /// The difference of two rounded times, in seconds.
    static func duration(of frames: FrameRange, _ rate: Rational) -> Rational {
        Rational(microseconds(frames.end, rate) - microseconds(frames.start, rate), 1_000_000)
    }

    /// The demuxer opens the files itself, so patience is told in its list. Without
    /// `ignidx` it would first leap from fragment to fragment to the end of each chunk,
    /// and what the store had sent by then would be thrown away (measured: 2 MB each).
    private static let remoteOptions = """
        option fflags +ignidx
        option rw_timeout 30000000
        option reconnect 1
        option reconnect_on_network_error 1
        option reconnect_delay_max 4

        """

    private static func microseconds(_ frame: Int, _ rate: Rational) -> Int {
        (Rational(frame) / rate * Rational(1_000_000)).rounded
    }

    /// Single quotes of the concat script, where `'` is written `'\''`.
    static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: #"'\''"#) + "'"
    }

    /// All chunks as one input.
    func chunkInput(_ list: String) -> [String] {
        // The list is ours, so it may name any file; the chunks may only be mov.
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
            throw FFmpegError(.unsupported, "A sound file needs its sound.")
        }
        return arguments(audio) + ["-map", "0:a", "-c", "copy"]
    }
}

/// Encoders of what is made from lossless chunks at the stitch.
///
/// Chunks are BT.709 in limited range; FFmpeg's own guess for small pictures
/// would be another matrix.
enum PictureArguments {
    private static let read = "in_color_matrix=bt709:in_range=tv"

    static func still(_ format: RenderPlan.OutputFormat) -> [String] {
        let encoder =
            format == .png
            ? ["-vf", "scale=\(read),format=rgb24", "-c:v", "png"]
            // JFIF pictures are BT.601 in full range.
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
