package import MediaTime
package import RenderPlans

/// A file of an HLS stream: what sets a player up, then fragments (RFC 8216,
/// 3.3).
package struct StreamFileIndex: Hashable, Sendable, Codable {
    /// Bytes at the file's start that set a player up.
    package var initialisationBytes: Int
    /// All that follows them, in order.
    package var fragments: [Fragment]

    /// A piece with all its parts.
    package init(initialisationBytes: Int, fragments: [Fragment]) {
        self.initialisationBytes = initialisationBytes
        self.fragments = fragments
    }

    /// Bytes that play by themselves.
    package struct Fragment: Hashable, Sendable, Codable {
        package var bytes: Int
        /// When it starts, in ticks of its track.
        package var startTicks: Int

        /// A fragment with all its parts.
        package init(bytes: Int, startTicks: Int) {
            self.bytes = bytes
            self.startTicks = startTicks
        }
    }
}

extension MediaEngine {
    /// How much later than the film its stream plays, in frames: decoding
    /// begins two frames before showing, AAC a packet before its first sample,
    /// and a fragment's times may not be negative.
    package static func streamLead(_ output: RenderPlan.OutputSettings) -> Int {
        let packet = Rational(1_024, output.audio.sampleRate) * output.frameRate
        return max(2, packet.ceiling)
    }

    /// Duration of one fragment of audio.
    private static let audioFragmentDuration: Duration = .seconds(6)

    /// Wraps a rendered unit as a piece of an HLS stream, at its place in the
    /// film, without encoding anything.
    /// - Parameter unit: Frames of a chunk; nil for the whole sound.
    /// - Throws: `.failed` where FFmpeg writes another file than was asked for.
    package func streamPiece(
        _ unit: FrameRange?, of plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> StreamFileIndex {
        let first = (unit?.start ?? 0) + Self.streamLead(plan.output)
        let offset = Rational(first) / plan.output.frameRate
        let tick = OutputFile(plan.output).tick(of: 1)
        // The sound is cut by time. A chunk is one fragment for each keyframe,
        // decoded at an even pace: one of a single frame has no frames to
        // reorder, and would begin later than the chunk after it.
        let cut =
            unit == nil
            ? ["-frag_duration", "\(Self.audioFragmentDuration.wholeMicroseconds)"]
            : ["-bsf:v", "setts=pts=PTS:dts=(N-2)*\(tick)"]
        let flags =
            "+frag_discont+empty_moov+default_base_moof+skip_trailer"
            + (unit == nil ? "" : "+frag_keyframe")
        let arguments =
            globalArguments + SourceInput.fence(url, configuration, formats: "mov")
            + [
                "-fflags", "+ignidx", "-i", SourceInput.resource(url), "-map",
                unit == nil ? "0:a" : "0:v", "-c", "copy",
            ]
            + ["-output_ts_offset", offset.sixDecimals, "-avoid_negative_ts", "disabled"]
            + ["-use_editlist", "0", "-write_btrt", "0", "-movflags", flags] + cut
            + EncodeArguments.container + ["-f", "mp4", "file:\(path)"]
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, arguments)
        guard let piece = FragmentedFile.piece(path) else {
            throw FFmpegError(
                .failed, "FFmpeg wrote no fragments.", arguments: arguments, exitStatus: 0,
                standardErrorTail: outcome.errors)
        }
        return piece
    }
}
