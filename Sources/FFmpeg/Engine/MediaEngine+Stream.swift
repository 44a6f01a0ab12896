package import MediaTime
package import RenderPlans

/// Layout of a file of an HLS stream: an initialisation section, then fragments
/// (RFC 8216, 3.3).
package struct StreamFileIndex: Hashable, Sendable, Codable {
    /// Bytes of the initialisation section at the start of the file.
    package var initialisationBytes: Int
    /// The fragments that follow it, in order.
    package var fragments: [Fragment]

    /// An index.
    package init(initialisationBytes: Int, fragments: [Fragment]) {
        self.initialisationBytes = initialisationBytes
        self.fragments = fragments
    }

    /// A fragment, which plays after the initialisation section alone.
    package struct Fragment: Hashable, Sendable, Codable {
        /// Size of the fragment.
        package var bytes: Int
        /// Decode time of its first sample, in ticks of its track.
        package var startTicks: Int

        /// A fragment.
        package init(bytes: Int, startTicks: Int) {
            self.bytes = bytes
            self.startTicks = startTicks
        }
    }
}

extension MediaEngine {
    /// Frames by which the times of the stream are later than those of the output file.
    ///
    /// Decoding begins two frames before the first is shown, AAC one packet before the
    /// first sample, and the times of a fragment may not be negative.
    package static func streamLead(_ output: RenderPlan.OutputSettings) -> Int {
        let packet = Rational(AudioFrame.sampleCount, output.audio.sampleRate) * output.frameRate
        return max(2, packet.ceiling)
    }

    /// Duration of one fragment of audio.
    private static let audioFragmentDuration: Duration = .seconds(6)

    /// Remuxes a rendered unit into a file of an HLS stream, at its place in time.
    /// - Parameter unit: Frames of a chunk; nil for the whole audio.
    /// - Throws: `.damagedOutput` if the file that FFmpeg writes lacks frames or fragments.
    package func streamPiece(
        _ unit: FrameRange?, of plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> StreamFileIndex {
        let first = (unit?.start ?? 0) + Self.streamLead(plan.output)
        let offset = Rational(first) / plan.output.frameRate
        let tick = OutputFile(plan.output).tick(of: 1)
        // Audio is fragmented by time, a chunk at its keyframes. Decode times are evenly
        // spaced: a chunk of one frame has no reordering, and its decode time would be
        // later than that of the next chunk.
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
        let isComplete = unit.map { FragmentedFile.sampleCount(path) == $0.count } ?? true
        guard isComplete, let piece = FragmentedFile.piece(path) else {
            throw FFmpegError(
                .damagedOutput, "The unit's copy for the stream is incomplete.",
                arguments: arguments, exitStatus: 0,
                standardErrorTail: outcome.errors)
        }
        return piece
    }
}
