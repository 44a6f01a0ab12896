import FoundationEssentials
package import RenderPlans

extension MediaEngine {
    /// Reads the format, duration and streams of a file with ffprobe.
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
        let document = try? JSONDecoder().decode(
            ProbeDocument.self, from: Data(outcome.output))
        guard let document, let media = document.mediaInfo else {
            throw FFmpegError(
                .notMedia, "The file has neither video nor audio.", exitStatus: 0,
                standardErrorTail: outcome.errors)
        }
        return media
    }

    private func probe(
        _ url: String, options: [String]
    ) async throws(FFmpegError) -> FFmpegProcess.Outcome {
        let arguments =
            ["-v", "error", "-hide_banner"] + SourceInput.fence(url, configuration) + options + [
                "-max_alloc", "\(configuration.allocationBytesMax)", "-show_format",
                "-show_streams", "-of", "json", "-i", SourceInput.resource(url),
            ]
        return try await FFmpegProcess(configuration: configuration.forProbe, sources: [(url, 0)])
            .run(configuration.ffprobePath, arguments)
    }
}
