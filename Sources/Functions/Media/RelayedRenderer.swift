package import FFmpeg
package import MediaTime
package import RenderPlans

/// Local addresses that a media program reads in place of URLs: presigned URLs are secrets, and
/// arguments of processes are not.
package protocol SourceRelay: Sendable {
    /// Opens an address for each URL, until `close`; in the order of the URLs.
    func open(_ urls: [String]) -> [String]
    /// Closes addresses of `open`.
    func close(_ addresses: [String])
}

/// A renderer that gives its programs addresses of a relay in place of URLs.
package struct RelayedRenderer: MediaRenderer {
    private let renderer: any MediaRenderer
    private let relay: any SourceRelay

    /// - Parameter renderer: Reads the relay's addresses.
    package init(_ renderer: any MediaRenderer, through relay: any SourceRelay) {
        self.renderer = renderer
        self.relay = relay
    }

    /// Calls `body` with addresses in place of URLs; paths of local files remain.
    /// - Throws: The error of `body`, which names the URLs again, without their queries.
    private func relayed<Value>(
        _ urls: [String], _ body: ([String]) async throws(FFmpegError) -> Value
    ) async throws(FFmpegError) -> Value {
        let remote = urls.filter(Self.isRemote)
        let addresses = relay.open(remote)
        defer { relay.close(addresses) }
        var next = addresses[...]
        let given = urls.map { url in Self.isRemote(url) ? next.popFirst() ?? url : url }
        do throws(FFmpegError) {
            return try await body(given)
        } catch {
            throw Self.restored(error, zip(addresses, remote).map { ($0, $1) })
        }
    }

    private static func isRemote(_ url: String) -> Bool {
        url.hasPrefix("http://") || url.hasPrefix("https://")
    }

    private static func restored(
        _ error: FFmpegError, _ pairs: [(address: String, url: String)]
    ) -> FFmpegError {
        func restored(_ text: String) -> String {
            guard text.contains("http://127.0.0.1:") else { return text }
            return pairs.reduce(text) { $0.replacing($1.address, with: $1.url) }
        }
        return FFmpegError(
            error.code, restored(error.detail), arguments: error.arguments.map(restored),
            exitStatus: error.exitStatus, standardErrorTail: restored(error.standardErrorTail))
    }

    /// As `relayed`, for URLs by the index of their source.
    private func relayed<Value>(
        _ urls: [Int: String], _ body: ([Int: String]) async throws(FFmpegError) -> Value
    ) async throws(FFmpegError) -> Value {
        let sources = urls.keys.sorted()
        return try await relayed(sources.map { urls[$0] ?? "" }) {
            given async throws(FFmpegError) in
            try await body(Dictionary(uniqueKeysWithValues: zip(sources, given)))
        }
    }
}

extension RelayedRenderer {
    /// This renderer, leaving a busy machine to the programs of others.
    package var inBackground: RelayedRenderer {
        func background(_ renderer: some MediaRenderer) -> any MediaRenderer {
            renderer.inBackground
        }
        return RelayedRenderer(background(renderer), through: relay)
    }

    /// The renderer's.
    package func version() async throws(FFmpegError) -> String { try await renderer.version() }

    /// The renderer's.
    package func encoders() async throws(FFmpegError) -> Set<String> {
        try await renderer.encoders()
    }

    /// The renderer's.
    package func filters() async throws(FFmpegError) -> Set<String> {
        try await renderer.filters()
    }

    /// The renderer's.
    package func canEncode(_ video: RenderPlan.VideoEncoding) async throws(FFmpegError) -> Bool {
        try await renderer.canEncode(video)
    }

    /// The renderer's.
    package func fingerprint(
        _ frames: FrameRange, of plan: RenderPlan, version: String
    ) -> String { renderer.fingerprint(frames, of: plan, version: version) }

    /// The renderer's, which reads the local file alone.
    package func salvagedFrames(
        of frames: FrameRange, in plan: RenderPlan, at path: String
    ) async throws(FFmpegError) -> RenderReport? {
        try await renderer.salvagedFrames(of: frames, in: plan, at: path)
    }

    /// The renderer's, which reads the local file alone.
    package func verify(
        _ path: String, against plan: RenderPlan
    ) async throws(FFmpegError) -> SeamCheck { try await renderer.verify(path, against: plan) }

    /// Probes through the relay.
    package func probe(url: String) async throws(FFmpegError) -> MediaInfo {
        try await relayed([url]) { given async throws(FFmpegError) in
            try await renderer.probe(url: given[0])
        }
    }

    /// Renders through the relay.
    package func renderChunk(
        _ frames: FrameRange, of plan: RenderPlan, sourceURLs: [Int: String], to path: String,
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        try await relayed(sourceURLs) { given async throws(FFmpegError) in
            try await renderer.renderChunk(
                frames, of: plan, sourceURLs: given, to: path, progress: progress)
        }
    }

    /// Renders through the relay.
    package func renderChunks(
        _ outputs: [ChunkOutput], sourceURLs: [Int: String],
        progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> [RenderReport] {
        try await relayed(sourceURLs) { given async throws(FFmpegError) in
            try await renderer.renderChunks(outputs, sourceURLs: given, progress: progress)
        }
    }

    /// Renders through the relay.
    package func renderAudio(
        _ frames: AudioFrameRange?, of plan: RenderPlan, sourceURLs: [Int: String],
        to path: String, progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> RenderReport {
        try await relayed(sourceURLs) { given async throws(FFmpegError) in
            try await renderer.renderAudio(
                frames, of: plan, sourceURLs: given, to: path, progress: progress)
        }
    }

    /// Reads the unit through the relay.
    package func isIntact(
        _ unit: StoredUnit, of plan: RenderPlan, url: String, decoding: Bool
    ) async throws(FFmpegError) -> Bool {
        try await relayed([url]) { given async throws(FFmpegError) in
            try await renderer.isIntact(unit, of: plan, url: given[0], decoding: decoding)
        }
    }

    /// Remuxes through the relay.
    package func streamPiece(
        _ unit: FrameRange?, of plan: RenderPlan, url: String, to path: String
    ) async throws(FFmpegError) -> StreamFileIndex {
        try await relayed([url]) { given async throws(FFmpegError) in
            try await renderer.streamPiece(unit, of: plan, url: given[0], to: path)
        }
    }

    /// Joins through the relay.
    package func stitch(
        _ plan: RenderPlan, chunkURLs: [String], audioURLs: [String], bytes: Int,
        to path: String, scratch: String
    ) async throws(FFmpegError) -> RenderReport {
        try await relayed(chunkURLs + audioURLs) { given async throws(FFmpegError) in
            try await renderer.stitch(
                plan, chunkURLs: Array(given[..<chunkURLs.count]),
                audioURLs: Array(given[chunkURLs.count...]), bytes: bytes, to: path,
                scratch: scratch)
        }
    }

    /// Copies the audio through the relay.
    package func extractAudio(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        try await relayed([url]) { given async throws(FFmpegError) in
            try await renderer.extractAudio(url: given[0], media: media, to: path)
        }
    }

    /// Reads the audio through the relay.
    package func readAudio(
        url: String, media: MediaInfo, writing file: MediaEngine.AudioFile?
    ) async throws(FFmpegError) -> WaveformPeaks {
        try await relayed([url]) { given async throws(FFmpegError) in
            try await renderer.readAudio(url: given[0], media: media, writing: file)
        }
    }

    /// Reads the proxy through the relay.
    package func thumbnails(
        of url: String, _ grid: ThumbnailGrid, in folder: String
    ) async throws(FFmpegError) -> [String] {
        try await relayed([url]) { given async throws(FFmpegError) in
            try await renderer.thumbnails(of: given[0], grid, in: folder)
        }
    }

    /// Reads the frame through the relay.
    package func poster(
        url: String, media: MediaInfo, to path: String
    ) async throws(FFmpegError) -> RenderReport {
        try await relayed([url]) { given async throws(FFmpegError) in
            try await renderer.poster(url: given[0], media: media, to: path)
        }
    }
}
