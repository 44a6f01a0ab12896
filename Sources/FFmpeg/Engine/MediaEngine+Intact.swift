package import MediaTime
package import RenderPlans

/// A rendered unit as it is stored: a chunk, the whole audio or a piece of it.
package enum StoredUnit: Hashable, Sendable {
    /// Frames of a chunk.
    case video(FrameRange)
    /// Audio frames of a piece; nil for the whole audio.
    case audio(AudioFrameRange?)
}

// FFmpeg's exit status 0 does not say that its file is complete: these checks count what is in
// the file, without decoding, before it is stored under a content address.
extension MediaEngine {
    /// Checks that a chunk's file has all its frames, by the heads of its fragments.
    /// - Throws: `.damagedOutput` if the file is cut, `.frameCountMismatch` if frames are missing.
    func checkChunk(_ path: String, _ frames: FrameRange) throws(FFmpegError) {
        guard let count = FragmentedFile.sampleCount(path) else { throw Self.incomplete(path) }
        guard count == frames.count else {
            throw FFmpegError(
                .frameCountMismatch(planned: frames.count, written: count),
                "The chunk's file has \(count) of \(frames.count) frames.", exitStatus: 0)
        }
    }

    /// Checks that an audio file is complete.
    /// - Throws: `.damagedOutput` if it is cut or too short.
    func checkAudio(
        _ path: String, _ frames: AudioFrameRange?, of plan: RenderPlan
    ) async throws(FFmpegError) {
        let isCut =
            AudioContainer(plan.output.audio.codec).isISO
            ? !FragmentedFile.isWhole(path) : FileSystem.size(of: path) == 0
        guard !isCut, try await hasAudio(path, frames, of: plan) else {
            throw Self.incomplete(path)
        }
    }

    /// Checks that an mp4 or mov is complete; does nothing for other formats.
    func checkBoxes(of path: String, _ output: RenderPlan.OutputSettings) throws(FFmpegError) {
        guard OutputFile(output).demuxer == "mov", !FragmentedFile.isWhole(path) else { return }
        throw Self.incomplete(path)
    }

    /// Checks that a JPEG ends with its end marker (ITU-T T.81, B.1.1.3).
    func checkPicture(_ path: String) throws(FFmpegError) {
        guard FileSystem.tail(of: path, count: 2) == [0xFF, 0xD9] else {
            throw Self.incomplete(path)
        }
    }

    static func incomplete(_ path: String) -> FFmpegError {
        let name = path.split(separator: "/").last ?? "output"
        return FFmpegError(
            .damagedOutput, "FFmpeg's file \(name) is incomplete.", exitStatus: 0)
    }

    /// False if a stored unit is short or unreadable. Reads it whole.
    /// - Parameter decoding: True to decode every frame as well.
    /// - Throws: The error of a process that did not finish, or of a unit that could not be
    ///   fetched.
    package func isIntact(
        _ unit: StoredUnit, of plan: RenderPlan, url: String, decoding: Bool
    ) async throws(FFmpegError) -> Bool {
        do throws(FFmpegError) {
            switch unit {
            case .video(let frames):
                guard try await packetCount(url, "v:0") == frames.count else { return false }
            case .audio(let frames):
                guard try await hasAudio(url, frames, of: plan) else { return false }
            }
            if decoding { try await decodeWhole(url) }
            return true
        } catch {
            guard error.isVerdict else { throw error }
            return false
        }
    }

    /// Packets of a stream, read but not decoded.
    private func packetCount(_ url: String, _ stream: String) async throws(FFmpegError) -> Int {
        let outcome = try await probePackets(
            url,
            [
                "-count_packets", "-select_streams", stream, "-show_entries",
                "stream=nb_read_packets",
            ]
        )
        return Self.integers(outcome.output).first ?? 0
    }

    /// True if the audio has at least the planned samples, or exactly the piece's packets.
    private func hasAudio(
        _ url: String, _ frames: AudioFrameRange?, of plan: RenderPlan
    ) async throws(FFmpegError) -> Bool {
        if let frames { return try await packetCount(url, "a:0") == frames.count }
        let packet: Int
        switch plan.output.audio.codec {
        case .aac: packet = AudioFrame.sampleCount
        case .opus: packet = 960
        case .mp3: packet = 1_152
        case .pcm, .pcm16, .pcm24:
            let outcome = try await probePackets(
                url, ["-select_streams", "a:0", "-show_entries", "stream=duration_ts"])
            return Self.integers(outcome.output).first == plan.sampleCount
        }
        return try await packetCount(url, "a:0") * packet >= plan.sampleCount
    }

    private static func integers(_ output: [UInt8]) -> [Int] {
        String(decoding: output, as: UTF8.self)
            .split(whereSeparator: { "\n,".contains($0) }).compactMap { Int($0) }
    }

    private func decodeWhole(_ url: String) async throws(FFmpegError) {
        let input = SourceInput(url: url, options: ["-err_detect", "explode"])
        _ = try await FFmpegProcess(configuration: configuration).run(
            configuration.ffmpegPath,
            globalArguments + ["-xerror"] + input.arguments(configuration) + ["-f", "null", "-"])
    }
}
