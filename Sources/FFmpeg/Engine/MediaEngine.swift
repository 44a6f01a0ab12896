package import MediaTime
package import RenderPlans
import Synchronization

/// The media operations of the functions: probe, render a chunk, mix the audio,
/// stitch, verify.
///
/// Sources are local paths or http(s) URLs that answer range requests. The
/// child processes of a method end before it returns: cancelling the task kills
/// them within the configured grace period.
package struct MediaEngine: Sendable {
    let configuration: FFmpegConfiguration
    private let known: ProgramCache

    /// An engine that runs the programs of `configuration`.
    package init(configuration: FFmpegConfiguration = FFmpegConfiguration()) {
        self.configuration = configuration
        known = ProgramCache()
    }

    /// This engine with programs that leave a busy machine to the programs of others.
    package var inBackground: MediaEngine {
        var configuration = configuration
        configuration.niceness = Self.backgroundNiceness
        return MediaEngine(configuration: configuration, known: known)
    }

    /// A third of the share of a process with niceness 0, by the kernel's table of weights.
    private static let backgroundNiceness = 5

    private init(configuration: FFmpegConfiguration, known: ProgramCache) {
        (self.configuration, self.known) = (configuration, known)
    }

    /// The first line of `ffmpeg -version`. Cached for the life of the engine, so a
    /// warm instance starts no process for it.
    package func version() async throws(FFmpegError) -> String {
        if let version = known.text.withLock({ $0 }) { return version }
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, ["-version"])
        let text = String(decoding: outcome.output, as: UTF8.self)
        let line = text.split(separator: "\n").first.map(String.init) ?? ""
        known.text.withLock { $0 = line }
        return line
    }

    /// Names of the encoders that this FFmpeg has. Cached like its version.
    package func encoders() async throws(FFmpegError) -> Set<String> {
        try await names("-encoders")
    }

    /// Names of the filters that this FFmpeg has. Cached like its version.
    package func filters() async throws(FFmpegError) -> Set<String> { try await names("-filters") }

    /// Names of the decoders that this FFmpeg has. Cached like its version.
    func decoders() async throws(FFmpegError) -> Set<String> { try await names("-decoders") }

    private func names(_ option: String) async throws(FFmpegError) -> Set<String> {
        if let names = known.names.withLock({ $0[option] }) { return names }
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, ["-hide_banner", "-v", "error", option])
        let names = Self.names(in: String(decoding: outcome.output, as: UTF8.self))
        known.names.withLock { $0[option] = names }
        return names
    }

    /// The second word of each line that begins with flags. The legend has
    /// such lines too; its second word is `=`.
    static func names(in text: String) -> Set<String> {
        Set(
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ", maxSplits: 2)
                return line.hasPrefix(" ") && words.count > 2 && words[1] != "="
                    ? String(words[1]) : nil
            })
    }

    /// The canonical text from which a chunk's content address is computed, with this
    /// engine's threads and fonts.
    package func fingerprint(
        _ frames: FrameRange, of plan: RenderPlan, version: String
    ) -> String {
        chunkFingerprint(
            frames, of: plan, ffmpegVersion: version, threads: configuration.threads,
            fonts: fontIdentity())
    }

    /// The identity of the fonts; read once in the life of the engine.
    private func fontIdentity() -> String {
        known.fonts.withLock { fonts in
            if let fonts { return fonts }
            let identity = FontCollection(folder: configuration.fontsDirectory).identity()
            fonts = identity
            return identity
        }
    }

    /// True if the hardware encoder works here; nil until it was tried.
    func hardware(_ name: String) -> Bool? { known.hardware.withLock { $0[name] } }

    func remember(hardware name: String, _ isPresent: Bool) {
        known.hardware.withLock { $0[name] = isPresent }
    }

    /// Options before the inputs, equal in every run.
    var globalArguments: [String] {
        [
            "-nostdin", "-hide_banner", "-v", "error", "-y",
            "-max_alloc", "\(configuration.allocationBytesMax)",
        ]
    }

    /// Options that report progress as lines `frame=N` on standard output.
    static let progressArguments = ["-progress", "pipe:1", "-stats_period", "0.5"]
}

/// Cached output of the FFmpeg programs and the identity of the fonts, shared by the copies of an
/// engine.
private final class ProgramCache: Sendable {
    let text = Mutex<String?>(nil)
    /// Names by the option that lists them.
    let names = Mutex<[String: Set<String>]>([:])
    let fonts = Mutex<String?>(nil)
    /// Hardware encoders that were tried, by name.
    let hardware = Mutex<[String: Bool]>([:])
}

/// Output and cost of a finished run.
package struct RenderReport: Hashable, Sendable, Codable {
    /// Frames written; 0 for audio.
    package var frames: Int
    /// Size of the file.
    package var bytes: Int
    /// User and system time of FFmpeg.
    package var cpuMicroseconds: Int
    /// Frames whose packets were copied from their sources.
    package var copiedFrames = 0
    /// Why no packet was copied although the plan allows it.
    package var encodedBecause: String?
    /// Doubts of the render; nil for none.
    package var warnings: [MediaWarning]?

    /// A report; by default without copied frames.
    package init(frames: Int, bytes: Int, cpuMicroseconds: Int, copiedFrames: Int = 0) {
        self.copiedFrames = copiedFrames
        self.frames = frames
        self.bytes = bytes
        self.cpuMicroseconds = cpuMicroseconds
    }
}
