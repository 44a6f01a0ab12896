import MediaTime
import Planning
import RenderPlans

extension MediaEngine {
    /// Renders a chunk by copying packets from its sources and encoding the edges.
    /// - Throws: `.unsupported` with the reason if no packet can be copied or the result
    ///   differs from the plan; the caller encodes the chunk then.
    func copyAndEncode(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        let candidates: [SmartCut.Candidate]
        do {
            candidates = try SmartCut.candidates(frames, of: plan).get()
        } catch { throw FFmpegError(.unsupported, error.text) }

        var work = SmartCutWork(frames: frames, path: path)
        defer { work.removeFiles() }
        try await fetch(candidates, of: plan, sourceURLs, &work)
        guard !work.pieces.isEmpty else {
            throw FFmpegError(.unsupported, "no closed group of pictures fits into the clip")
        }
        let copied = work.pieces.reduce(0) { $0 + $1.frames.count }
        progress(copied)
        try await encodeEdges(of: plan, sourceURLs, &work)
        return try await join(work, plan, to: path, copied: copied)
    }

    /// Encodes the frames that were not copied, several edges in one run.
    private func encodeEdges(
        of plan: RenderPlan, _ sourceURLs: [Int: String], _ work: inout SmartCutWork
    ) async throws(FFmpegError) {
        let edges = work.gaps
        let together = ChunkResources.edgesTogether(plan.output)
        let edgePlan = SmartCut.edgePlan(plan)
        for first in stride(from: 0, to: edges.count, by: together) {
            let group = edges[first..<min(first + together, edges.count)]
            var outputs: [ChunkOutput] = []
            for edge in group {
                let piece = SmartCutSegment(frames: edge, path: work.newFile("edge"))
                work.pieces.append(piece)
                let range = FrameRange(
                    work.frames.start + edge.start, work.frames.start + edge.end)
                outputs.append(ChunkOutput(range, of: edgePlan, to: piece.path))
            }
            let reports = try await renderChunks(
                outputs, sourceURLs: sourceURLs, progress: { _ in })
            work.cpuMicroseconds += reports.reduce(0) { $0 + $1.cpuMicroseconds }
        }
        work.pieces.sort { $0.frames.start < $1.frames.start }
    }

    /// Joins the pieces, and checks every copied packet, every timestamp and the frames
    /// around each seam.
    private func join(
        _ work: SmartCutWork, _ plan: RenderPlan, to path: String, copied: Int
    ) async throws(FFmpegError) -> RenderReport {
        let rate = plan.output.frameRate
        let scale = EncodeArguments.timescale(rate)
        let step = (Rational(scale) / rate).rounded
        let list = "\(path).ffconcat"
        try FileSystem.write(Self.concatList(work.pieces, rate: rate), to: list)
        defer { FileSystem.remove(list) }
        // A source that counts milliseconds is slightly off the ticks of the frames.
        let snap = ["pts", "dts"].map { "\($0)=round(\($0.uppercased())/\(step))*\(step)" }
        let arguments =
            globalArguments + chunkInput(list) + ["-map", "0:v", "-c", "copy"]
            + ["-bsf:v", "setts=\(snap.joined(separator: ":"))"]
            + EncodeArguments.container + ["-video_track_timescale", "\(scale)"]
            + EncodeArguments.indexInFront + ["-f", "mp4", "file:\(path)"]
            + ["-map", "0:v", "-c", "copy", "-f", "framecrc", "pipe:1"]
        let outcome = try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffmpegPath, arguments, collectBytesMax: 1 << 25)
        let written = PacketRow.rows(framecrc: String(decoding: outcome.output, as: UTF8.self))
        try check(written, against: work)

        var output = plan.output
        output.format = .mp4
        let part = RenderPlan(
            output: output, frameCount: work.frames.count, sources: [], layers: [], audio: [],
            chunks: work.pieces.map(\.frames))
        do {
            _ = try await verify(path, against: part)
        } catch {
            guard error.code == .verificationFailed else { throw error }
            throw FFmpegError(.unsupported, "the copy failed its check: \(error.detail)")
        }
        return RenderReport(
            frames: work.frames.count, bytes: FileSystem.size(of: path),
            cpuMicroseconds: work.cpuMicroseconds + outcome.cpuMicroseconds, copiedFrames: copied)
    }

    /// Compares the joined packets with the copied ones, byte for byte.
    private func check(_ written: [PacketRow], against work: SmartCutWork) throws(FFmpegError) {
        var isEqual = written.count == work.frames.count
        for piece in work.pieces where isEqual {
            guard let contents = piece.contents else { continue }
            isEqual = written[piece.frames.start..<piece.frames.end].map(\.content) == contents
        }
        guard isEqual else {
            throw FFmpegError(
                .unsupported,
                "the copy failed its check: the joined packets differ from the source")
        }
    }

    /// The script for the concat demuxer, with the time window of each piece that is only
    /// a part of its file.
    private static func concatList(_ pieces: [SmartCutSegment], rate: Rational) -> String {
        var text = "ffconcat version 1.0\n"
        for piece in pieces {
            text += "file \(quoted(SourceInput.resource(piece.path)))\n"
            if let window = piece.window {
                text += "inpoint \(window.start.sixDecimals)\n"
                if let end = window.end { text += "outpoint \(end.sixDecimals)\n" }
            }
            text += "duration \(duration(of: piece.frames, rate).sixDecimals)\n"
        }
        return text
    }
}

/// The state of a smart cut: the pieces of a chunk and their temporary files.
struct SmartCutWork {
    /// Frames of the plan.
    let frames: FrameRange
    /// Path of the chunk; prefix of the paths of temporary files.
    let path: String
    var pieces: [SmartCutSegment] = []
    var cpuMicroseconds = 0
    private var files: [String] = []

    init(frames: FrameRange, path: String) {
        (self.frames, self.path) = (frames, path)
    }

    /// Frames of the chunk that no piece covers, in time order.
    var gaps: [FrameRange] {
        var gaps: [FrameRange] = []
        var covered = 0
        for piece in pieces.sorted(by: { $0.frames.start < $1.frames.start }) {
            if covered < piece.frames.start {
                gaps.append(FrameRange(covered, piece.frames.start))
            }
            covered = piece.frames.end
        }
        if covered < frames.count { gaps.append(FrameRange(covered, frames.count)) }
        return gaps
    }

    /// The path of a new temporary file, which `removeFiles` deletes.
    mutating func newFile(_ kind: String, _ ending: String = "mp4") -> String {
        files.append("\(path).\(kind)-\(files.count).\(ending)")
        return files[files.count - 1]
    }

    func removeFiles() {
        for file in files { FileSystem.remove(file) }
    }
}

/// A file, or a part of one, that holds a range of the chunk's frames.
struct SmartCutSegment {
    /// Frames of the chunk, counted from its first.
    var frames: FrameRange
    var path: String
    /// The part of the file, in seconds of its timestamps; nil for the whole file.
    var window: (start: Rational, end: Rational?)?
    /// Size and checksum of each expected packet; nil for encoded frames.
    var contents: [String]?
}
