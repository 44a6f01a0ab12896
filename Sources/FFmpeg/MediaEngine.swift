package import Editing
import Synchronization

/// FFmpeg as the functions see it: look at media, render a chunk, mix the
/// sound, join the pieces, check the result.
///
/// Sources are local paths or http(s) URLs that answer range requests. Every
/// method runs child processes and ends with them: cancelling the task kills
/// them within the configured grace.
package struct MediaEngine: Sendable {
    let configuration: FFmpegConfiguration
    private let knownVersion = KnownVersion()

    /// An engine that runs the programs of a configuration.
    package init(configuration: FFmpegConfiguration = FFmpegConfiguration()) {
        self.configuration = configuration
    }

    /// The first line of `ffmpeg -version`. Asked once in the life of the
    /// engine: a warm instance starts no process for it.
    package func version() async throws(FFmpegError) -> String {
        if let known = knownVersion.text.withLock({ $0 }) { return known }
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, ["-version"])
        let text = String(decoding: outcome.output, as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        knownVersion.text.withLock { $0 = line }
        return line
    }

    /// The canonical text that a chunk's content address is made of, for this
    /// engine's settings.
    package func fingerprint(
        _ frames: FrameRange, of plan: RenderPlan, version: String
    ) -> String {
        chunkFingerprint(
            frames, of: plan, ffmpegVersion: version, threads: configuration.threads)
    }

    /// Options before the inputs, the same for every run.
    var globalArguments: [String] {
        [
            "-nostdin", "-hide_banner", "-v", "error", "-y",
            "-max_alloc", "\(configuration.allocationBytesMaximum)",
        ]
    }

    /// Progress by lines `frame=N` on standard output.
    static let progressArguments = ["-progress", "pipe:1", "-stats_period", "0.5"]
}

/// The version once it is known, shared by copies of one engine.
private final class KnownVersion: Sendable {
    let text = Mutex<String?>(nil)
}

/// What a finished run cost and made.
package struct RenderReport: Hashable, Sendable, Codable {
    /// Frames written; 0 where there is no picture.
    package var frames: Int
    /// Size of the file.
    package var bytes: Int
    /// User and system time of FFmpeg.
    package var cpuMicroseconds: Int

    /// A report with all its parts.
    package init(frames: Int, bytes: Int, cpuMicroseconds: Int) {
        self.frames = frames
        self.bytes = bytes
        self.cpuMicroseconds = cpuMicroseconds
    }
}
