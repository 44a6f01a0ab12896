import FoundationEssentials
package import RenderPlans

extension MediaEngine {
    /// Looks at a file without decoding more of it than FFmpeg's probe does.
    /// - Throws: `.notMedia` for what is no media or in a format that is not
    ///   allowed (playlists, scripts), `.sourceUnreadable` for what cannot be
    ///   fetched at all.
    package func probe(url: String) async throws(FFmpegError) -> MediaInfo {
        let outcome: FFmpegProcess.Outcome
        do {
            outcome = try await probe(url, options: [])
        } catch {
            // By its name a JPEG may be taken for an image sequence, which
            // could open more files and is not allowed: say what it is then.
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
                .notMedia, "The file holds neither picture nor sound.", exitStatus: 0,
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
        return try await FFmpegProcess(configuration: configuration, sources: [(url, 0)])
            .run(configuration.ffprobePath, arguments)
    }
}
