package import Editing

extension MediaEngine {
    /// Joins chunks and sound into the finished file without encoding.
    /// - Parameters:
    ///   - chunkURLs: One for each of `plan.chunks`, in their order.
    ///   - audioURL: What `renderAudio` made; nil for a silent film.
    ///   - scratch: A folder of the caller's for the list of chunks.
    package func stitch(
        _ plan: RenderPlan, chunkURLs: [String], audioURL: String?, to path: String,
        scratch: String
    ) async throws(FFmpegError) -> RenderReport {
        precondition(chunkURLs.count == plan.chunks.count, "a URL for each chunk")
        let list = "\(scratch)/chunks.ffconcat"
        try FileSystem.write(Self.concatList(plan, chunkURLs: chunkURLs), to: list)
        defer { FileSystem.remove(list) }
        let arguments = stitchArguments(plan, list: list, audioURL: audioURL, path: path)
        let counts = FrameCounts(expected: 0, report: { _ in })
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, arguments, onLine: { counts.read($0) })
        let written = counts.totals.written
        guard written == plan.frameCount else {
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
    static func concatList(_ plan: RenderPlan, chunkURLs: [String]) -> String {
        var text = "ffconcat version 1.0\n"
        for (chunk, url) in zip(plan.chunks, chunkURLs) {
            let start = microseconds(chunk.start, plan.output.frameRate)
            let end = microseconds(chunk.end, plan.output.frameRate)
            text += "file \(quoted(SourceInput.resource(url)))\n"
            if SourceInput.isRemote(url) { text += remoteOptions }
            text += "duration \(Rational(end - start, 1_000_000).sixDecimals)\n"
        }
        return text
    }

    /// The demuxer opens the chunks itself, so patience is told in its list.
    private static let remoteOptions = """
        option rw_timeout 30000000
        option reconnect 1
        option reconnect_on_network_error 1
        option reconnect_delay_max 4

        """

    private static func microseconds(_ frame: Int, _ rate: Rational) -> Int {
        (Rational(frame) / rate * Rational(1_000_000)).rounded
    }

    /// Single quotes of the concat script, where `'` is written `'\''`.
    private static func quoted(_ text: String) -> String {
        "'"
            + text.split(separator: "'", omittingEmptySubsequences: false)
            .joined(separator: #"'\''"#) + "'"
    }

    private func stitchArguments(
        _ plan: RenderPlan, list: String, audioURL: String?, path: String
    ) -> [String] {
        var arguments = globalArguments + Self.progressArguments
        // The list is ours, so it may name any file; the chunks may only be mov.
        arguments += ["-protocol_whitelist", "file,http,https,tcp,tls"]
        arguments += ["-format_whitelist", "concat,mov", "-f", "concat", "-safe", "0"]
        arguments += ["-i", SourceInput.resource(list)]
        if let audioURL {
            arguments += SourceInput.fence(audioURL, configuration, formats: "mov")
            arguments += ["-i", SourceInput.resource(audioURL)]
        }
        arguments += ["-map", "0:v"] + (audioURL == nil ? [] : ["-map", "1:a"]) + ["-c", "copy"]
        arguments += [
            "-video_track_timescale", "\(EncodeArguments.timescale(plan.output.frameRate))",
            "-movie_timescale", "\(plan.output.audio.sampleRate)",
        ]
        return arguments + EncodeArguments.container
            + ["-f", EncodeArguments.muxer(plan.output.audio.codec), "file:\(path)"]
    }
}
