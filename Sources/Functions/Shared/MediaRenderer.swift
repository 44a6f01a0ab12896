package import Editing
package import FFmpeg

/// Media operations of the handlers. `MediaEngine` implements them with FFmpeg; tests use
/// a double that writes marked bytes.
package protocol MediaRenderer: Sendable {
    /// First line of `ffmpeg -version`: part of every content address.
    func version() async throws(FFmpegError) -> String
    /// Names of the encoders that FFmpeg has.
    func encoders() async throws(FFmpegError) -> Set<String>
    /// Names of the filters that FFmpeg has.
    func filters() async throws(FFmpegError) -> Set<String>
    /// The canonical text that a chunk's content address is made of.
    func fingerprint(_ frames: FrameRange, of plan: RenderPlan, version: String) -> String
    func probe(url: String) async throws(FFmpegError) -> MediaInfo
    func renderChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport
    /// What a chunk's render that was ended before its time has left.
    func finishedPart(
        of frames: FrameRange, in plan: RenderPlan, at path: String
    ) async throws(FFmpegError) -> RenderReport?
    /// Several chunks at once (`SharedRendering`).
    func renderChunks(
        _ outputs: [ChunkOutput], sourceURLs: [Int: String],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> [RenderReport]
    /// The whole sound, or AAC frames of it.
    func renderAudio(
        _ frames: FrameRange?, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport
    /// Wraps a unit as a piece of an HLS stream; nil is the sound.
    func streamPiece(
        _ unit: FrameRange?, of plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> StreamPiece
    func stitch(
        _ plan: RenderPlan, chunkURLs: [String], audioURLs: [String], bytes: Int,
        to path: String, scratch: String
    ) async throws(FFmpegError) -> RenderReport
    func verify(
        _ path: String, against plan: RenderPlan
    ) async throws(FFmpegError) -> SeamCheck
    func extractAudio(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport
    func poster(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport
}

extension MediaEngine: MediaRenderer {}
