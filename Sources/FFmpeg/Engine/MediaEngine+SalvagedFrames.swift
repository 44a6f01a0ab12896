package import MediaTime
package import RenderPlans
import Synchronization

extension MediaEngine {
    /// What a run of `renderChunk` that was cancelled has left of its chunk: the
    /// frames up to its last whole fragment, as a chunk of its own. Cuts the file
    /// behind them.
    /// - Returns: Nil where there is no frame, or not the ones that were to come
    ///   first.
    /// - Throws: What ffprobe ended with.
    package func salvagedFrames(
        of frames: FrameRange, in plan: RenderPlan, at path: String
    ) async throws(FFmpegError) -> RenderReport? {
        guard let bytes = FragmentedFile.wholeBytes(path) else { return nil }
        try FileSystem.cut(path, to: bytes)
        let ticks = Mutex<[Int?]>([])
        _ = try await probePackets(
            path, ["-select_streams", "v:0", "-show_entries", "packet=pts"],
            onLine: { line in
                let first = line.split(separator: ",").first.map(String.init) ?? line
                ticks.withLock { $0.append(Int(first)) }
            })
        let rate = plan.output.frameRate
        let step = (Rational(EncodeArguments.timescale(rate)) / rate).rounded
        let shown = ticks.withLock { $0 }.compactMap { $0 }.sorted()
        guard !shown.isEmpty, shown.count <= frames.count,
            shown == shown.indices.map({ $0 * step })
        else { return nil }
        return RenderReport(frames: shown.count, bytes: bytes, cpuMicroseconds: 0)
    }
}
