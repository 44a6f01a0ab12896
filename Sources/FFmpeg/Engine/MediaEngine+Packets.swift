import FoundationEssentials
import MediaTime
import RenderPlans

/// Reads packets and frames of a file whose container says too little.
extension MediaEngine {
    /// The times of the packets where the stated length is missing, a guess, or beyond the end
    /// of the file; nil if it is true.
    /// - Parameter isGuess: True if FFmpeg computed the length from the file's size.
    func packetTimes(
        of probed: ProbedMedia, url: String, isGuess: Bool
    ) async throws(FFmpegError) -> SourcePackets? {
        if isGuess || probed.statedDuration == 0 {
            guard (probed.bytes ?? 0) <= Self.wholeReadBytesMax else { return nil }
            return try await readPackets(url, from: nil)
        }
        guard Self.statingFormats.contains(probed.demuxer) else { return nil }
        let stated = Rational(probed.statedDuration, 1_000_000)
        let start = Rational(probed.start, 1_000_000)
        var back = Self.tailSeconds
        while true {
            let from = max(.zero, stated - back)
            var tail = try await readPackets(url, from: start + from)
            if let end = tail.end {
                let missing = stated - Rational(end - probed.start, 1_000_000)
                guard missing > Self.missingSecondsMin else { return nil }
                tail.isCutOff = true
                return tail
            }
            guard from > .zero else { return nil }
            back = back * Rational(8)
        }
    }

    /// Bytes of the largest file of which every packet is read: some 20 s on Lambda.
    private static let wholeReadBytesMax = 2 << 30
    /// Seconds before the stated end at which the first look at the end begins.
    private static let tailSeconds = Rational(2)
    /// Seconds by which packets may end before the stated end without being cut off: rounding,
    /// a last subtitle, and the last packet of another stream.
    private static let missingSecondsMin = Rational(1)
    /// Demuxers that take the length from a header, which may be written before the file was
    /// complete.
    private static let statingFormats: Set<String> = [
        "mov", "matroska", "avi", "asf", "mxf", "flac", "flv", "caf", "aiff",
    ]

    /// The packets from a time on.
    /// - Parameter start: Seconds in the file's own times; nil reads every packet.
    private func readPackets(
        _ url: String, from start: Rational?
    ) async throws(FFmpegError) -> SourcePackets {
        let reader = PacketReader(isWhole: start == nil)
        var options = ["-show_entries", SourcePackets.entries, "-of", "csv=p=0"]
        if let start { options += ["-read_intervals", "\(start.sixDecimals)%"] }
        do {
            _ = try await inspect(url, options, onLine: { reader.read($0) })
        } catch {
            // What was read before a fault of the file counts.
            guard error.code == .failed || Self.isUnreadable(error) else { throw error }
        }
        return reader.result
    }

    private static func isUnreadable(_ error: FFmpegError) -> Bool {
        if case .sourceUnreadable = error.code { return true }
        return false
    }

    /// The first frame of a stream; nil if none can be decoded.
    func firstFrame(
        _ url: String, stream: Int, demuxer: String
    ) async throws(FFmpegError) -> ProbedFrame? {
        struct Frames: Decodable { var frames: [ProbedFrame]? }
        var options = ["-select_streams", "\(stream)", "-show_frames", "-read_intervals", "%+#1"]
        options += ["-of", "json"]
        // A name that looks like a sequence would choose another demuxer.
        if AllowedFormats.stills.contains(demuxer) { options += ["-f", demuxer] }
        do {
            let outcome = try await inspect(url, options)
            return try? JSONDecoder().decode(Frames.self, from: Data(outcome.output)).frames?.first
        } catch {
            guard error.code == .failed || Self.isUnreadable(error) else { throw error }
            return nil
        }
    }

    /// Runs ffprobe.
    private func inspect(
        _ url: String, _ options: [String], onLine: ProcessOutput.LineHandler? = nil
    ) async throws(FFmpegError) -> FFmpegProcess.Outcome {
        let arguments =
            ["-v", "error", "-hide_banner"] + SourceInput.fence(url, configuration)
            + ["-max_alloc", "\(configuration.allocationBytesMax)"] + options
            + ["-i", SourceInput.resource(url)]
        return try await FFmpegProcess(configuration: configuration.forProbe, sources: [(url, 0)])
            .run(configuration.ffprobePath, arguments, onLine: onLine)
    }
}
