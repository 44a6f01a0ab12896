import FFmpeg
import Jobs
import MediaTime
import ObjectStore
import RenderPlans

/// Checks and signs the source files that one unit reads.
struct UnitSources: Sendable {
    let plan: RenderPlan
    let bucket: any Bucket
    let owner: OwnerID

    /// Presigned URLs by source index.
    /// - Throws: `HandlerFailure.permanent` naming the asset that is gone or was
    ///   replaced since the plan was made.
    func urls(for unit: RenderUnit) async throws -> [Int: String] {
        var urls: [Int: String] = [:]
        for index in indices(for: unit).sorted() {
            let source = plan.sources[index]
            try await check(source)
            var key = ObjectKey(source.key)
            if unit.isAudio, let extracted = try await extractedAudio(of: source) {
                key = extracted
            }
            urls[index] = try await bucket.presignedURL(
                .get(key, downloadName: nil), expiresIn: RenderChunk.sourceURLLifetime,
                audience: .internal)
        }
        return urls
    }

    private func indices(for unit: RenderUnit) -> Set<Int> {
        switch unit {
        case .audio:
            Set(plan.audio.map(\.source))
        case .audioPiece(let frames):
            audioSources(of: frames, in: plan)
        case .video(let frames):
            Set(
                plan.layers.flatMap(\.placements)
                    .filter { $0.frames.intersection(frames) != nil }.compactMap(\.source))
        }
    }

    private func check(_ source: RenderPlan.Source) async throws {
        guard let info = try await bucket.objectInfo(ObjectKey(source.key)) else {
            throw HandlerFailure.permanent("The file of asset \(source.assetID) no longer exists.")
        }
        guard info.etag == source.etag else {
            throw HandlerFailure.permanent(
                "The file of asset \(source.assetID) was replaced after the export began.")
        }
    }

    /// The extracted audio, if derive-asset has made it: a 15 GB source is not
    /// read twice.
    private func extractedAudio(of source: RenderPlan.Source) async throws -> ObjectKey? {
        guard source.media.kind == .video, source.media.audio?.ordinal == nil,
            let asset = AssetID(source.assetID)
        else { return nil }
        let prefix = AssetKeys(owner: owner, asset: asset).audioPrefix(of: source.etag)
        let page = try await bucket.listObjects(prefix: prefix, startAfter: nil, keyCountMax: 1)
        return page.objects.first?.key
    }
}
