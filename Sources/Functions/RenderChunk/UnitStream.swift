import FFmpeg
import Jobs
import ObjectStore
import RenderPlans

/// Adds rendered units to the export's HLS stream.
///
/// A unit may come from the cache, where its timestamps do not fit this export: the
/// stream holds remuxed copies, not encoded again.
struct UnitStream: Sendable {
    let plan: RenderPlan
    let keys: ExportKeys
    let dependencies: RenderChunk.Dependencies

    /// Call before the receipt is written: a complete export then has a complete
    /// stream.
    func add(_ unit: RenderUnit, _ receipt: RenderReceipt) async throws {
        let bucket = dependencies.bucket
        let url = try await bucket.presignedURL(
            .get(ObjectKey(receipt.key), downloadName: nil),
            expiresIn: RenderChunk.sourceURLLifetime, audience: .internal)
        try await withScratchDirectory(in: dependencies.scratchRoot) { scratch in
            let path = "\(scratch)/piece.mp4"
            switch unit {
            case .video(let frames):
                let piece = try await dependencies.renderer.streamPiece(
                    frames, of: plan, url: url, to: path)
                let key = keys.streamPiece(
                    frames, initialisationBytes: piece.initialisationBytes)
                _ = try await bucket.uploadFile(path, to: key, contentType: "video/mp4")
            case .audioPiece:
                // The audio of a stream is one unit (`AudioPlanner`).
                break
            case .audio:
                let piece = try await dependencies.renderer.streamPiece(
                    nil, of: plan, url: url, to: path)
                _ = try await bucket.uploadFile(
                    path, to: keys.streamAudio, contentType: "audio/mp4")
                try await bucket.putDocument(piece, at: keys.streamAudioIndex)
            }
        }
    }
}
