package import Editing
import Synchronization

extension MediaEngine {
    /// Renders some frames of a plan to an mp4 without sound that begins with
    /// a keyframe and whose frames are bit-equal to those of a single render
    /// as they enter the encoder.
    /// - Parameters:
    ///   - sourceURLs: URL of each source that these frames use, by its index
    ///     in `plan.sources`.
    ///   - progress: Called with the number of frames written, growing.
    /// - Throws: `.sourceTooShort`, `.sourceUnreadable`, `.frameCountMismatch`,
    ///   `.cancelled`, or what the process ended with.
    package func renderChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FFmpegError) -> RenderReport {
        precondition(
            !frames.isEmpty && frames.start >= 0 && frames.end <= plan.frameCount,
            "a chunk lies in its plan")
        guard plan.output.video.copiesUntouched else {
            return try await encodeChunk(
                frames, of: plan, sourceURLs: sourceURLs, to: path, progress: progress)
        }
        do {
            let report = try await copyAndEncode(
                frames, of: plan, sourceURLs: sourceURLs, to: path, progress: progress)
            progress(frames.count)
            return report
        } catch {
            guard error.code == .unsupported else { throw error }
            var report = try await encodeChunk(
                frames, of: plan, sourceURLs: sourceURLs, to: path, progress: progress)
            report.encodedBecause = error.detail
            return report
        }
    }

    /// Renders the frames without copying any.
    func encodeChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        let scripts = ScriptFiles(
            pieces: ScriptPiece.pieces(of: frames, in: plan), prefix: "\(path).script-")
        defer { scripts.remove() }
        let graph = try FilterGraph(
            frames, of: plan, sourceURLs: sourceURLs, scripts: scripts)
        let arguments = chunkArguments(graph, plan: plan, path: path)
        let counts = FrameCounts(expected: graph.inputs.count, report: progress)
        let process = FFmpegProcess(
            configuration: try scripts.write(configuration),
            sources: graph.inputs.map { ($0.file.url, $0.source) })
        let outcome = try await process.run(
            configuration.ffmpegPath, arguments, onLine: { counts.read($0) })
        try check(counts, graph, frames: frames, arguments: arguments, errors: outcome.errors)
        progress(frames.count)
        return RenderReport(
            frames: frames.count, bytes: FileSystem.size(of: path),
            cpuMicroseconds: outcome.cpuMicroseconds)
    }

    /// The whole command line of a chunk, after the program's name.
    func chunkArguments(_ graph: FilterGraph, plan: RenderPlan, path: String) -> [String] {
        let threads = "\(configuration.threads)"
        return globalArguments + Self.progressArguments
            + ["-copyts", "-filter_complex_threads", threads]
            + graph.inputs.flatMap { $0.file.arguments(configuration) }
            + ["-filter_complex", graph.text, "-map", "[v]"]
            + EncodeArguments.video(plan.output, threads: configuration.threads)
            + ["-f", plan.output.video.codec.chunkFile, "file:\(path)"]
    }

    private func check(
        _ counts: FrameCounts, _ graph: FilterGraph, frames: FrameRange, arguments: [String],
        errors: String
    ) throws(FFmpegError) {
        let (delivered, written) = counts.totals
        for (number, input) in graph.inputs.enumerated()
        where delivered[number] < input.planned {
            throw FFmpegError(
                .sourceTooShort(source: input.source),
                "Source \(input.source) ended after \(delivered[number]) of"
                    + " \(input.planned) frames.",
                arguments: arguments, exitStatus: 0, standardErrorTail: errors)
        }
        // One frame too many of a piece would push the others along unseen.
        guard delivered == graph.inputs.map(\.planned), written == frames.count else {
            throw FFmpegError(
                .frameCountMismatch(planned: frames.count, written: written),
                "FFmpeg wrote \(written) of \(frames.count) frames.",
                arguments: arguments, exitStatus: 0, standardErrorTail: errors)
        }
    }
}

/// Counts the frames that FFmpeg reports, of each piece and of the output.
final class FrameCounts: Sendable {
    private struct State {
        var delivered: [Int]
        var written = 0
    }

    private let state: Mutex<State>
    private let report: @Sendable (Int) -> Void

    init(expected: Int, report: @escaping @Sendable (Int) -> Void) {
        state = Mutex(State(delivered: Array(repeating: 0, count: expected)))
        self.report = report
    }

    /// Frames of each piece that passed its counter, and frames written.
    var totals: (delivered: [Int], written: Int) {
        state.withLock { ($0.delivered, $0.written) }
    }

    /// Reads `spool=K` of the counters and `frame=N` of `-progress`.
    func read(_ line: String) {
        if line.hasPrefix("spool="), let number = Int(line.dropFirst(6)) {
            state.withLock { state in
                if state.delivered.indices.contains(number) { state.delivered[number] += 1 }
            }
        } else if line.hasPrefix("frame="), let frame = Int(line.dropFirst(6)) {
            let grew = state.withLock { state -> Bool in
                defer { state.written = max(state.written, frame) }
                return frame > state.written
            }
            if grew { report(frame) }
        }
    }
}
