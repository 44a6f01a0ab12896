package import MediaTime
package import RenderPlans

extension MediaEngine {
    /// Mixes and encodes the audio of a plan, or one piece of it.
    ///
    /// The file has exactly `plan.sampleCount` samples, or the packets of the piece; its
    /// type is that of `audioFileExtension(for:)`. With more than
    /// `StagedAudioMix.inputCountMax` clips, temporary files are written next to it.
    /// - Parameters:
    ///   - frames: Audio frames of the piece; nil for the whole audio.
    ///   - sourceURLs: URL of each source, or of the audio extracted from it.
    ///   - progress: Called with the growing number of frames written: video frames of the
    ///     plan, or audio frames of a piece.
    package func renderAudio(
        _ frames: AudioFrameRange? = nil, of plan: RenderPlan, sourceURLs: [Int: String],
        to path: String, progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FFmpegError) -> RenderReport {
        let encoding = EncodeArguments.audio(plan.output, threads: configuration.threads)
        let muxer = ["-f", AudioContainer(plan.output.audio.codec).muxer]
        let audioRate = plan.output.audio.sampleRate
        let cpu: Int
        if let frames {
            let piece = AudioPiece(frames, of: plan)
            cpu = try await mix(
                piece.plan(in: plan), count: piece.count, sourceURLs,
                encoding + piece.packetFilter + ["-use_editlist", "0"] + muxer, to: path
            ) { progress(piece.framesDone(atMicroseconds: $0, sampleRate: audioRate)) }
        } else {
            if let copy = AudioPacketCopy(plan), let url = sourceURLs[copy.source],
                let report = try await copyAudioPackets(copy, of: plan, url: url, to: path)
            {
                try await checkAudio(path, nil, of: plan)
                progress(plan.frameCount)
                return report
            }
            let (rate, count) = (plan.output.frameRate, plan.frameCount)
            cpu = try await mix(
                plan, count: plan.sampleCount, sourceURLs, encoding + muxer, to: path
            ) { time in
                let frame = (Rational(time, 1_000_000) * rate).floor
                progress(max(0, min(frame, count)))
            }
        }
        try await checkAudio(path, frames, of: plan)
        return RenderReport(frames: 0, bytes: FileSystem.size(of: path), cpuMicroseconds: cpu)
    }

    /// Mixes `count` samples and encodes them.
    /// - Parameter progress: Called with the muxer's time in microseconds.
    /// - Returns: CPU time in microseconds.
    private func mix(
        _ plan: RenderPlan, count: Int, _ sourceURLs: [Int: String], _ encoding: [String],
        to path: String, _ progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> Int {
        guard let parts = StagedAudioMix(plan, count: count) else {
            let graph = try AudioGraph(plan, sourceURLs: sourceURLs, count: count)
            return try await run(graph, plan, encoding, to: path, progress)
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
        let graph = try AudioGraph(parts.mix(plan), sourceURLs: urls, count: count)
        return try await cpu + run(graph, plan, encoding, to: path, progress)
    }

    /// Runs one audio graph.
    /// - Returns: CPU time in microseconds.
    private func run(
        _ graph: AudioGraph, _ plan: RenderPlan, _ encoding: [String], to path: String,
        _ progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FFmpegError) -> Int {
        // The files of pieces are not among the plan's sources.
        let known = zip(graph.inputs, graph.sources).filter { $1 < plan.sources.count }
        let process = FFmpegProcess(
            configuration: configuration, sources: known.map { ($0.url, $1) })
        let text = Self.text(graph, path: path)
        try text.write()
        defer { text.remove() }
        let outcome = try await process.run(
            configuration.ffmpegPath, audioArguments(graph, encoding: encoding, path: path),
            onLine: { line in
                // `out_time_ms` counts microseconds too, in all versions.
                guard line.hasPrefix("out_time_us="), let time = Int(line.dropFirst(12)) else {
                    return
                }
                progress(time)
            })
        return outcome.cpuMicroseconds
    }

    private static func text(_ graph: AudioGraph, path: String) -> GraphText {
        GraphText(text: graph.text, path: "\(path).graph")
    }

    /// The command line of an audio render, after the program's name.
    func audioArguments(_ graph: AudioGraph, encoding: [String], path: String) -> [String] {
        globalArguments + Self.progressArguments
            + ["-copyts", "-filter_complex_threads", "\(configuration.threads)"]
            + graph.inputs.flatMap { $0.arguments(configuration) }
            + Self.text(graph, path: path).arguments + ["-map", "[a]"] + encoding
            + ["file:\(path)"]
    }
}
