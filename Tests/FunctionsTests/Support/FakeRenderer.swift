import FFmpeg
import Functions
import MediaTime
import RenderPlans
import Synchronization
import TestSupport

/// Writes marked bytes instead of media, and counts its calls.
///
/// It can be made to fail, so that handlers are tested without FFmpeg.
final class FakeRenderer: MediaRenderer {
    struct Calls: Hashable, Sendable {
        var chunks: [FrameRange] = []
        /// Number of outputs of each shared render.
        var together: [Int] = []
        var audioPlacements = 0
        var stitches = 0
    }

    private let state = Mutex(Calls())
    private let failure: FFmpegError?
    private let failureTogether: FFmpegError?
    private let stitchFailure: FFmpegError?
    private let streamFailure: FFmpegError?
    /// Part of the keys of stored units that are damaged.
    private let damagedKey: String?
    private let knownEncoders: Set<String>
    private let duringChunk: @Sendable () async throws -> Void
    /// Frames that a cancelled run has finished.
    private let finishedFrames: Int

    /// The answer to every probe.
    private let probed: MediaInfo

    init(
        media: MediaInfo = FakeRenderer.media, failure: FFmpegError? = nil,
        failureTogether: FFmpegError? = nil, stitchFailure: FFmpegError? = nil,
        streamFailure: FFmpegError? = nil, damagedKey: String? = nil,
        encoders: Set<String> = [], finishedFrames: Int = 0,
        duringChunk: @escaping @Sendable () async throws -> Void = {}
    ) {
        probed = media
        self.failure = failure
        self.failureTogether = failureTogether
        self.stitchFailure = stitchFailure
        self.streamFailure = streamFailure
        self.damagedKey = damagedKey
        knownEncoders = encoders.union(["libx264", "aac", "pcm_s16le"])
        self.duringChunk = duringChunk
        self.finishedFrames = finishedFrames
    }

    var inBackground: FakeRenderer { self }

    var calls: Calls { state.withLock { $0 } }

    static let media = MediaInfo(
        kind: .video, format: "mov,mp4,m4a,3gp,3g2,mj2", durationMicroseconds: 20_000_000,
        video: .init(
            codec: "h264", width: 320, height: 180, frameRate: Rational(30),
            pixelFormat: "yuv420p"),
        audio: .init(codec: "aac", sampleRate: 48_000, channels: 2, streamIndex: 1))

    func version() async throws(FFmpegError) -> String { "ffmpeg version 0" }

    func encoders() async throws(FFmpegError) -> Set<String> { knownEncoders }

    func canEncode(_ video: RenderPlan.VideoEncoding) async throws(FFmpegError) -> Bool {
        video.hardwareEncoder.map { knownEncoders.contains($0.rawValue) } ?? true
    }

    func filters() async throws(FFmpegError) -> Set<String> { [] }

    func fingerprint(_ frames: FrameRange, of plan: RenderPlan, version: String) -> String {
        chunkFingerprint(frames, of: plan, ffmpegVersion: version)
    }

    func probe(url: String) async throws(FFmpegError) -> MediaInfo {
        if let failure { throw failure }
        return probed
    }

    func renderChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        state.withLock { $0.chunks.append(frames) }
        progress(frames.count / 2)
        do {
            try await duringChunk()
        } catch {
            throw FFmpegError(.cancelled, "The render was cancelled.")
        }
        return try write("frames \(frames.start)-\(frames.end)", to: path, frames: frames.count)
    }

    func renderChunks(
        _ outputs: [ChunkOutput], sourceURLs: [Int: String],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> [RenderReport] {
        state.withLock { $0.together.append(outputs.count) }
        if let failureTogether { throw failureTogether }
        do {
            try await duringChunk()
        } catch {
            throw FFmpegError(.cancelled, "The render was cancelled.")
        }
        var reports: [RenderReport] = []
        for output in outputs {
            let frames = output.frames
            reports.append(
                try write(
                    "frames \(frames.start)-\(frames.end)", to: output.path, frames: frames.count))
        }
        return reports
    }

    func salvagedFrames(
        of frames: FrameRange, in plan: RenderPlan, at path: String
    ) async throws(FFmpegError) -> RenderReport? {
        guard finishedFrames > 0 else { return nil }
        let end = frames.start + finishedFrames
        return try write("frames \(frames.start)-\(end)", to: path, frames: finishedFrames)
    }

    func renderAudio(
        _ frames: AudioFrameRange?, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        state.withLock { $0.audioPlacements += 1 }
        if let frames {
            progress(frames.count / 2)
            do {
                try await duringChunk()
            } catch {
                throw FFmpegError(.cancelled, "The render was cancelled.")
            }
        }
        let name = frames.map { " \($0.start)-\($0.end)" } ?? ""
        return try write("audio\(name)", to: path, frames: 0)
    }

    func streamPiece(
        _ unit: FrameRange?, of plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> StreamFileIndex {
        if let streamFailure { throw streamFailure }
        _ = try write("setup|0123456789", to: path, frames: 0)
        return StreamFileIndex(
            initialisationBytes: 6,
            fragments: [.init(bytes: 4, startTicks: 0), .init(bytes: 6, startTicks: 288_000)])
    }

    func stitch(
        _ plan: RenderPlan, chunkURLs: [String], audioURLs: [String], bytes: Int,
        to path: String, scratch: String
    ) async throws(FFmpegError) -> RenderReport {
        state.withLock { $0.stitches += 1 }
        if let stitchFailure { throw stitchFailure }
        return try write(
            (chunkURLs + audioURLs).joined(separator: "\n"), to: path,
            frames: plan.pictureFrames.count)
    }

    func isIntact(
        _ unit: StoredUnit, of plan: RenderPlan, url: String, decoding: Bool
    ) async throws(FFmpegError) -> Bool {
        damagedKey.map { !url.contains($0) } ?? true
    }

    func verify(
        _ path: String, against plan: RenderPlan
    ) async throws(FFmpegError) -> SeamCheck {
        SeamCheck(
            frames: plan.pictureFrames.count, seams: max(0, plan.chunks.count - 1), decodedSeams: 0,
            audioSamples: plan.sampleCount)
    }

    func extractAudio(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        try write("audio of \(url)", to: path, frames: 0)
    }

    func readAudio(
        url: String, media: MediaInfo, writing file: MediaEngine.AudioFile?
    ) async throws(FFmpegError) -> WaveformPeaks {
        switch file {
        case .encoded(let path), .copied(let path): _ = try write("m4a", to: path, frames: 0)
        case nil: if let failure { throw failure }
        }
        return WaveformPeaks(channels: 1, sampleRate: 48_000)
    }

    func thumbnails(
        of url: String, _ grid: ThumbnailGrid, in folder: String
    ) async throws(FFmpegError) -> [String] {
        var paths: [String] = []
        for sheet in 0..<grid.sheetCount {
            paths.append("\(folder)/sprite-\(sheet).jpg")
            _ = try write("sheet \(sheet)", to: paths[sheet], frames: 0)
        }
        return paths
    }

    func poster(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport { try write("poster", to: path, frames: 1) }

    private func write(
        _ text: String, to path: String, frames: Int
    ) throws(FFmpegError) -> RenderReport {
        if let failure { throw failure }
        guard LocalFile.write(Array(text.utf8), to: path) else {
            throw FFmpegError(.diskFull, "The file cannot be written.")
        }
        return RenderReport(frames: frames, bytes: text.utf8.count, cpuMicroseconds: 1_000)
    }
}
