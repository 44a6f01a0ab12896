package import Editing

extension MediaEngine {
    /// Mixes the whole sound of a plan: exactly `plan.sampleCount` samples,
    /// in the file that `audioFileExtension(for:)` names. Needs room beside
    /// that file for a while where there are very many clips.
    /// - Parameters:
    ///   - sourceURLs: URL of each source, or of the sound extracted from it.
    ///   - progress: Called with the number of output frames whose sound is
    ///     written, growing.
    package func renderAudio(
        of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FFmpegError) -> RenderReport {
        let encoding =
            EncodeArguments.audio(plan.output, threads: configuration.threads)
            + ["-f", SoundFile(plan.output.audio.codec).muxer]
        if let copy = SoundCopy(plan), let url = sourceURLs[copy.source],
            let report = try await copySound(copy, of: plan, url: url, to: path)
        {
            progress(plan.frameCount)
            return report
        }
        guard let parts = AudioPieces(plan) else {
            let graph = try AudioGraph(plan, sourceURLs: sourceURLs)
            let cpu = try await run(graph, plan, encoding, to: path, progress)
            return RenderReport(
                frames: 0, bytes: FileSystem.size(of: path), cpuMicroseconds: cpu)
        }
        var urls = sourceURLs
        var cpu = 0
        let files = parts.pieces.indices.map { "\(path).\($0).w64" }
        defer { for file in files { FileSystem.remove(file) } }
        for (index, piece) in parts.pieces.enumerated() {
            let graph = try AudioGraph(
                parts.plan(of: piece, in: plan), sourceURLs: sourceURLs, count: piece.count)
            cpu += try await run(
                graph, plan, ["-c:a", "pcm_f32le", "-f", "w64"], to: files[index])
            urls[plan.sources.count + index] = files[index]
        }
        let graph = try AudioGraph(parts.mix(plan), sourceURLs: urls)
        cpu += try await run(graph, plan, encoding, to: path, progress)
        return RenderReport(frames: 0, bytes: FileSystem.size(of: path), cpuMicroseconds: cpu)
    }

    /// - Returns: CPU time in microseconds.
    private func run(
        _ graph: AudioGraph, _ plan: RenderPlan, _ encoding: [String], to path: String,
        _ progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FFmpegError) -> Int {
        // The files of pieces are no sources of the plan's.
        let known = zip(graph.inputs, graph.sources).filter { $1 < plan.sources.count }
        let process = FFmpegProcess(
            configuration: configuration, sources: known.map { ($0.url, $1) })
        let rate = plan.output.frameRate
        let text = Self.text(graph, path: path)
        try text.write()
        defer { text.remove() }
        let outcome = try await process.run(
            configuration.ffmpegPath, audioArguments(graph, encoding: encoding, path: path),
            onLine: { line in
                // Named milliseconds, counted in microseconds, in all versions.
                guard line.hasPrefix("out_time_us="), let time = Int(line.dropFirst(12)) else {
                    return
                }
                let frame = (Rational(time, 1_000_000) * rate).floor
                progress(max(0, min(frame, plan.frameCount)))
            })
        return outcome.cpuMicroseconds
    }

    private static func text(_ graph: AudioGraph, path: String) -> GraphText {
        GraphText(text: graph.text, path: "\(path).graph")
    }

    /// The whole command line of the sound, after the program's name.
    func audioArguments(_ graph: AudioGraph, encoding: [String], path: String) -> [String] {
        globalArguments + Self.progressArguments
            + ["-copyts", "-filter_complex_threads", "\(configuration.threads)"]
            + graph.inputs.flatMap { $0.arguments(configuration) }
            + Self.text(graph, path: path).arguments + ["-map", "[a]"] + encoding
            + ["file:\(path)"]
    }
}
