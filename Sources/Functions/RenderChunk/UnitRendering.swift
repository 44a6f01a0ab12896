import AWSSignature
import Editing
import FFmpeg
import Jobs
import ObjectStore

/// The same unit of one export, or of several that are rendered together, from
/// its sources to the cache.
struct UnitRendering: Sendable {
    let unit: RenderUnit
    /// At least one.
    let jobs: [UnitJob]
    /// By index in the plans' sources, which they share.
    let sourceURLs: [Int: String]

    func path(_ index: Int, in scratch: String) -> String {
        "\(scratch)/unit-\(index).\(jobs[index].target.fileExtension)"
    }

    /// Writes a file for each job, and reports on each.
    func render(
        with renderer: any MediaRenderer, scratch: String,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> [RenderReport] {
        let plan = jobs[0].plan
        switch unit {
        case .audio:
            return [
                try await renderer.renderAudio(
                    nil, of: plan, sourceURLs: sourceURLs, to: path(0, in: scratch),
                    progress: progress)
            ]
        case .sound(let frames):
            return [
                try await renderer.renderAudio(
                    frames, of: plan, sourceURLs: sourceURLs, to: path(0, in: scratch),
                    progress: progress)
            ]
        case .video(let frames) where jobs.count == 1:
            return [
                try await renderer.renderChunk(
                    frames, of: plan, sourceURLs: sourceURLs, to: path(0, in: scratch),
                    progress: progress)
            ]
        case .video(let frames):
            return try await renderer.renderChunks(
                jobs.indices.map {
                    ChunkOutput(frames, of: jobs[$0].plan, to: path($0, in: scratch))
                }, sourceURLs: sourceURLs, progress: progress)
        }
    }

    /// Puts each file at its address.
    /// - Returns: The receipt of the first job.
    func store(
        _ reports: [RenderReport], in bucket: any Bucket, scratch: String
    ) async throws -> RenderReceipt {
        let first = try await store(0, in: bucket, scratch: scratch)
        for index in jobs.indices.dropFirst() {
            _ = try await store(index, in: bucket, scratch: scratch)
        }
        let (target, report) = (jobs[0].target, reports[0])
        var receipt = RenderReceipt(
            key: target.key.text, etag: first.etag, frames: target.length, bytes: first.bytes,
            cpuMilliseconds: report.cpuMicroseconds / 1_000, cached: false)
        if jobs[0].plan.output.video.copiesUntouched, !unit.isSound {
            receipt.copiedFrames = report.copiedFrames
            receipt.encodedBecause = report.encodedBecause
        }
        return receipt
    }

    private func store(
        _ index: Int, in bucket: any Bucket, scratch: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let target = jobs[index].target
        return try await bucket.uploadFile(
            path(index, in: scratch), to: target.key, contentType: target.contentType)
    }
}

/// One export's unit that is to be rendered.
struct UnitJob: Sendable {
    var keys: ExportKeys
    var plan: RenderPlan
    var target: UnitTarget
}

/// Where a unit's bytes go: an address made of what they depend on.
struct UnitTarget: Sendable {
    let key: ObjectKey
    let fileExtension: String
    let contentType: String
    /// Frames, or samples for the sound.
    let length: Int

    init(
        _ unit: RenderUnit, of plan: RenderPlan, renderer: any MediaRenderer, version: String,
        owner: OwnerID
    ) {
        let fingerprint: String
        switch unit {
        case .video(let frames):
            fingerprint = renderer.fingerprint(frames, of: plan, version: version)
            fileExtension = chunkFileExtension(for: plan.output)
            contentType = fileExtension == "mp4" ? "video/mp4" : "video/quicktime"
            length = frames.count
        case .audio:
            fingerprint = audioFingerprint(of: plan, ffmpegVersion: version)
            fileExtension = audioFileExtension(for: plan.output)
            contentType = audioContentType(for: plan.output)
            length = plan.sampleCount
        case .sound(let frames):
            fingerprint = audioFingerprint(frames, of: plan, ffmpegVersion: version)
            fileExtension = audioFileExtension(for: plan.output)
            contentType = audioContentType(for: plan.output)
            length = frames.count * SoundPlanner.frameSamples
        }
        key = ExportKeys.cache(
            sha256Hex(fingerprint), fileExtension: fileExtension, owner: owner)
    }
}
