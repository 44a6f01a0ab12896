package import Editing

extension MediaEngine {
    /// Mixes the whole sound of a plan: exactly `plan.sampleCount` samples,
    /// in the file that `audioFileExtension(for:)` names.
    /// - Parameters:
    ///   - sourceURLs: URL of each source, or of the sound extracted from it.
    ///   - progress: Called with the number of output frames whose sound is
    ///     written, growing.
    package func renderAudio(
        of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FFmpegError) -> RenderReport {
        let graph = try AudioGraph(plan, sourceURLs: sourceURLs)
        let process = FFmpegProcess(
            configuration: configuration,
            sources: zip(graph.inputs, graph.sources).map { ($0.url, $1) })
        let rate = plan.output.frameRate
        let outcome = try await process.run(
            configuration.ffmpegPath, audioArguments(graph, plan: plan, path: path),
            onLine: { line in
                // Named milliseconds, counted in microseconds, in all versions.
                guard line.hasPrefix("out_time_us="), let time = Int(line.dropFirst(12)) else {
                    return
                }
                let frame = (Rational(time, 1_000_000) * rate).floor
                progress(max(0, min(frame, plan.frameCount)))
            })
        return RenderReport(
            frames: 0, bytes: FileSystem.size(of: path), cpuMicroseconds: outcome.cpuMicroseconds)
    }

    /// The whole command line of the sound, after the program's name.
    func audioArguments(_ graph: AudioGraph, plan: RenderPlan, path: String) -> [String] {
        globalArguments + Self.progressArguments
            + ["-copyts", "-filter_complex_threads", "\(configuration.threads)"]
            + graph.inputs.flatMap { $0.arguments(configuration) }
            + ["-filter_complex", graph.text, "-map", "[a]"]
            + EncodeArguments.audio(plan.output, threads: configuration.threads)
            + ["-f", SoundFile(plan.output.audio.codec).muxer, "file:\(path)"]
    }
}
