package import MediaTime
package import RenderPlans
import Synchronization

extension MediaEngine {
    /// Salvages the frames of a cancelled `renderChunk`: truncates its file to the last
    /// whole fragment, so that it is a chunk of the first frames.
    /// - Returns: The report of the shorter chunk; nil if the file has no whole fragment or
    ///   its frames are not the first of `frames`.
    /// - Throws: The error of ffprobe, or `.failed` if the file cannot be truncated.
    package func salvagedFrames(
        of frames: FrameRange, in plan: RenderPlan, at path: String
    ) async throws(FFmpegError) -> RenderReport? {
        guard let bytes = FragmentedFile.wholeBytes(path) else { return nil }
        try FileSystem.truncate(path, to: bytes)
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
