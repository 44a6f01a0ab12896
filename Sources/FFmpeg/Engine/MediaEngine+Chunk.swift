package import MediaTime
package import RenderPlans
import Synchronization

extension MediaEngine {
    /// Renders a range of frames to a file without audio that begins with a keyframe.
    ///
    /// The frames that enter the encoder are bit-equal to those of a render of the whole
    /// plan.
    /// - Parameters:
    ///   - sourceURLs: URL of each source that these frames use, by its index
    ///     in `plan.sources`.
    ///   - progress: Called with the growing number of frames written.
    /// - Throws: `.sourceTooShort`, `.sourceUnreadable`, `.frameCountMismatch`,
    ///   `.cancelled`, or the code of the process that failed.
    package func renderChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(FFmpegError) -> RenderReport {
        precondition(
            !frames.isEmpty && frames.start >= 0 && frames.end <= plan.frameCount,
            "a chunk is a range of its plan's frames")
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

    /// Renders several chunks in one run of FFmpeg, which decodes shared sources once.
    ///
    /// The files are equal to those of separate runs.
    /// - Parameters:
    ///   - outputs: At least one; no packet is copied.
    ///   - sourceURLs: As for one chunk; all plans have the same sources in the same order.
    ///   - progress: Called with the growing number of frames written of the first chunk.
    /// - Returns: One report for each output; the first holds the CPU time of the run.
    /// - Throws: As for one chunk.
    package func renderChunks(
        _ outputs: [ChunkOutput], sourceURLs: [Int: String],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> [RenderReport] {
        var (graphs, scripts): ([FilterGraph], [ScriptFiles]) = ([], [])
        defer { for files in scripts { files.remove() } }
        var configuration = configuration
        for output in outputs {
            let files = ScriptFiles(
                pieces: ScriptExcerpt.pieces(of: output.frames, in: output.plan),
                prefix: "\(output.path).script-")
            scripts.append(files)
            configuration = try files.write(configuration)
            graphs.append(
                try FilterGraph(
                    output.frames, of: output.plan, sourceURLs: sourceURLs, scripts: files,
                    after: graphs.last))
        }
        guard let inputs = graphs.last?.inputs else { return [] }
        let pairs = Array(zip(graphs, outputs))
        let text = Self.text(pairs)
        try text.write()
        defer { text.remove() }
        let arguments = chunkArguments(pairs)
        let counts = FrameCounts(expected: inputs.counters.count, report: progress)
        let process = FFmpegProcess(
            configuration: configuration, sources: inputs.files.map { ($0.input.url, $0.source) })
        let outcome = try await process.run(
            configuration.ffmpegPath, arguments, onLine: { counts.read($0) })
        try check(
            counts, inputs.counters, frames: outputs[0].frames, arguments: arguments,
            errors: outcome.errors)
        for output in outputs { try checkChunk(output.path, output.frames) }
        progress(outputs[0].frames.count)
        return outputs.enumerated().map { index, output in
            RenderReport(
                frames: output.frames.count, bytes: FileSystem.size(of: output.path),
                cpuMicroseconds: index == 0 ? outcome.cpuMicroseconds : 0)
        }
    }

    /// Renders a chunk by encoding every frame.
    func encodeChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        try await renderChunks(
            [ChunkOutput(frames, of: plan, to: path)], sourceURLs: sourceURLs, progress: progress
        )[0]
    }

    /// The graphs of all outputs of a run.
    private static func text(_ outputs: [(graph: FilterGraph, output: ChunkOutput)]) -> GraphText {
        GraphText(
            text: outputs.map(\.graph.text).joined(separator: ";"),
            path: "\(outputs[0].output.path).graph")
    }

    /// The command line of a chunk render, after the program's name.
    func chunkArguments(_ outputs: [(graph: FilterGraph, output: ChunkOutput)]) -> [String] {
        let threads = configuration.threads
        let inputs = outputs.last?.graph.inputs.files ?? []
        var arguments =
            globalArguments + deviceArguments(outputs.map(\.output.plan.output.video))
            + Self.progressArguments + ["-copyts", "-filter_complex_threads", "\(threads)"]
            + inputs.flatMap { $0.input.arguments(configuration) }
            + Self.text(outputs).arguments
        for (graph, output) in outputs {
            let settings = output.plan.output
            arguments +=
                ["-map", graph.outputPad] + EncodeArguments.video(settings, threads: threads)
                + ["-f", settings.video.codec.chunkFile, "file:\(output.path)"]
        }
        return arguments
    }

    /// Options that open the devices of the outputs' encoders.
    private func deviceArguments(_ videos: [RenderPlan.VideoEncoding]) -> [String] {
        for video in videos {
            guard let encoder = video.hardwareEncoder else { continue }
            let device = HardwareEncoding(encoder, video).deviceArguments(configuration)
            if !device.isEmpty { return device }
        }
        return []
    }

    /// Compares the frames that were decoded and written with the planned ones.
    private func check(
        _ counts: FrameCounts, _ counters: [ChunkInputs.Counter], frames: FrameRange,
        arguments: [String], errors: String
    ) throws(FFmpegError) {
        let (delivered, written) = counts.totals
        for (number, counter) in counters.enumerated() where delivered[number] < counter.planned {
            guard case .source(let source) = counter.place else { continue }
            throw FFmpegError(
                .sourceTooShort(source: source),
                "Source \(source) ended after \(delivered[number]) of"
                    + " \(counter.planned) frames.",
                arguments: arguments, exitStatus: 0, standardErrorTail: errors)
        }
        // A surplus frame of one piece would shift the others and leave the total right.
        guard delivered == counters.map(\.planned), written == frames.count else {
            throw FFmpegError(
                .frameCountMismatch(planned: frames.count, written: written),
                "FFmpeg wrote \(written) of \(frames.count) frames.",
                arguments: arguments, exitStatus: 0, standardErrorTail: errors)
        }
    }
}

/// A range of a plan's frames and the file to which it is rendered.
package struct ChunkOutput: Sendable {
    /// The frames to render.
    package var frames: FrameRange
    /// The plan that the frames belong to.
    package var plan: RenderPlan
    /// Local path of the file.
    package var path: String

    /// An output.
    package init(_ frames: FrameRange, of plan: RenderPlan, to path: String) {
        (self.frames, self.plan, self.path) = (frames, plan, path)
    }
}

/// Counters of the frames that FFmpeg reports for each piece and for the output.
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

    /// Frames that passed each piece's counter, and frames written.
    var totals: (delivered: [Int], written: Int) {
        state.withLock { ($0.delivered, $0.written) }
    }

    /// Reads a line `spool=K` of a counter or `frame=N` of `-progress`.
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
