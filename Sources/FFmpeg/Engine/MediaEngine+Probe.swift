import FoundationEssentials
package import RenderPlans

extension MediaEngine {
    /// Reads the format, duration and streams of a file with ffprobe.
    ///
    /// What the container does not say is read: the packets for a length, a frame for its
    /// orientation and its fields. `MediaInfo.warnings` lists what is assumed.
    /// - Throws: `.notMedia` if the file is not media or its format is not allowed
    ///   (playlists, scripts), `.sourceUnreadable` if it cannot be fetched.
    package func probe(url: String) async throws(FFmpegError) -> MediaInfo {
        let outcome: FFmpegProcess.Outcome
        do {
            outcome = try await probe(url, options: [])
        } catch {
            // FFmpeg takes some names of JPEG files for image sequences, which could open
            // other files and are not allowed: the second try names the demuxer.
            guard error.code != .cancelled,
                FFmpegMessage.first(.imageSequence, in: error.standardErrorTail) != nil
            else {
                throw FFmpegFailure.ofProbe(error)
            }
            do {
                outcome = try await probe(url, options: ["-f", "jpeg_pipe"])
            } catch { throw FFmpegFailure.ofProbe(error) }
        }
        guard
            let document = try? JSONDecoder().decode(
                ProbeDocument.self, from: Data(outcome.output))
        else {
            throw Self.notMedia("The file has neither video nor audio.", outcome)
        }
        return try await examined(document, url: url, outcome)
    }

    /// Looks closer where the container says too little.
    private func examined(
        _ document: ProbeDocument, url: String, _ outcome: FFmpegProcess.Outcome
    ) async throws(FFmpegError) -> MediaInfo {
        let hasDecoderNames = document.streams?.contains { $0.codec_type == "video" } ?? false
        var probed = ProbedMedia(
            document: document, decoders: hasDecoderNames ? try await decoders() : [])
        if probed.isStill || probed.needsFrameForFields {
            probed.frame = try await firstFrame(
                url, stream: probed.picture?.index ?? 0, demuxer: probed.demuxer)
            if probed.isStill, probed.frame == nil {
                throw Self.notMedia("The picture cannot be decoded.", outcome)
            }
        }
        if !probed.isStill {
            let isGuess = FFmpegMessage.first(.guessedLength, in: outcome.errors) != nil
            probed.packets = try await packetTimes(of: probed, url: url, isGuess: isGuess)
        }
        guard let media = probed.media else {
            let codec = probed.undecodablePicture.map { "The video (\($0)) cannot be decoded." }
            throw Self.notMedia(codec ?? "The file has neither video nor audio.", outcome)
        }
        return media
    }

    private static func notMedia(
        _ detail: String, _ outcome: FFmpegProcess.Outcome
    ) -> FFmpegError {
        FFmpegError(.notMedia, detail, exitStatus: 0, standardErrorTail: outcome.errors)
    }

    private func probe(
        _ url: String, options: [String]
    ) async throws(FFmpegError) -> FFmpegProcess.Outcome {
        let arguments =
            ["-v", "warning", "-hide_banner"] + SourceInput.fence(url, configuration) + options + [
                "-max_alloc", "\(configuration.allocationBytesMax)", "-show_format",
                "-show_streams", "-of", "json", "-i", SourceInput.resource(url),
            ]
        return try await FFmpegProcess(configuration: configuration.forProbe, sources: [(url, 0)])
            .run(configuration.ffprobePath, arguments)
    }
}
