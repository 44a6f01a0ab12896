package import FFmpeg
package import MediaTime
package import RenderPlans

/// Media operations of the handlers. `MediaEngine` implements them with FFmpeg; tests use
/// a double that writes marked bytes.
package protocol MediaRenderer: Sendable {
    /// This renderer, leaving a busy machine to the programs of others.
    var inBackground: Self { get }
    /// First line of `ffmpeg -version`: part of every content address.
    func version() async throws(FFmpegError) -> String
    /// Names of the encoders that FFmpeg has.
    func encoders() async throws(FFmpegError) -> Set<String>
    /// Names of the filters that FFmpeg has.
    func filters() async throws(FFmpegError) -> Set<String>
    /// True if the hardware encoder works on this machine; software always does.
    func canEncode(_ video: RenderPlan.VideoEncoding) async throws(FFmpegError) -> Bool
    /// The canonical text that a chunk's content address is made of.
    func fingerprint(_ frames: FrameRange, of plan: RenderPlan, version: String) -> String
    /// Reads format, duration and streams of a file.
    func probe(url: String) async throws(FFmpegError) -> MediaInfo
    /// Renders one chunk into a file. `sourceURLs` is indexed like the plan's sources;
    /// `progress` takes the number of frames done.
    func renderChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport
    /// Truncates the file of an interrupted chunk render to its whole frames; nil without any.
    func salvagedFrames(
        of frames: FrameRange, in plan: RenderPlan, at path: String
    ) async throws(FFmpegError) -> RenderReport?
    /// Renders the same frames for several exports in one run (`SharedRendering`).
    func renderChunks(
        _ outputs: [ChunkOutput], sourceURLs: [Int: String],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> [RenderReport]
    /// Renders the whole audio, or a range of its audio frames.
    func renderAudio(
        _ frames: AudioFrameRange?, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport
    /// Remuxes a unit into an HLS segment file; nil for the audio.
    func streamPiece(
        _ unit: FrameRange?, of plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> StreamFileIndex
    /// Joins rendered units into the output file without encoding.
    func stitch(
        _ plan: RenderPlan, chunkURLs: [String], audioURLs: [String], bytes: Int,
        to path: String, scratch: String
    ) async throws(FFmpegError) -> RenderReport
    /// False if a stored unit is short or unreadable; reads it whole, and decodes it on request.
    func isIntact(
        _ unit: StoredUnit, of plan: RenderPlan, url: String, decoding: Bool
    ) async throws(FFmpegError) -> Bool
    /// Checks frames, samples and seams of an output file against its plan.
    func verify(
        _ path: String, against plan: RenderPlan
    ) async throws(FFmpegError) -> SeamCheck
    /// Copies the audio stream of a source into a file, packet by packet.
    func extractAudio(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport
    /// Reads the whole audio of a source: its peaks, and optionally an M4A file.
    func readAudio(
        url: String, media: MediaInfo, writing file: MediaEngine.AudioFile?
    ) async throws(FFmpegError) -> WaveformPeaks
    /// Writes the sheets of a proxy's thumbnails as JPEG; returns their paths.
    func thumbnails(
        of url: String, _ grid: ThumbnailGrid, in folder: String
    ) async throws(FFmpegError) -> [String]
    /// Writes a still frame of a source as JPEG.
    func poster(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport
}

extension MediaEngine: MediaRenderer {}
