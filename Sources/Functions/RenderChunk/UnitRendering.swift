import Crypto
import FFmpeg
import Jobs
import MediaTime
import ObjectStore
import Planning
import RenderPlans

/// Renders a unit for one export, or for several at once, and stores it in the cache.
struct UnitRendering: Sendable {
    let unit: RenderUnit
    /// At least one.
    let jobs: [UnitJob]
    /// By index in the sources of the plans, which are the same for all.
    let sourceURLs: [Int: String]

    /// Path of the file of a job.
    static func path(_ index: Int, _ target: UnitTarget, in folder: String) -> String {
        "\(folder)/unit-\(index).\(target.fileExtension)"
    }

    private func path(_ index: Int, in folder: String) -> String {
        Self.path(index, jobs[index].target, in: folder)
    }

    /// Writes one file for each job.
    /// - Returns: one report for each job.
    func render(
        with renderer: any MediaRenderer, folder: String,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws(FFmpegError) -> [RenderReport] {
        let plan = jobs[0].plan
        switch unit {
        case .audio:
            return [
                try await renderer.renderAudio(
                    nil, of: plan, sourceURLs: sourceURLs, to: path(0, in: folder),
                    progress: progress)
            ]
        case .audioPiece(let frames):
            return [
                try await renderer.renderAudio(
                    frames, of: plan, sourceURLs: sourceURLs, to: path(0, in: folder),
                    progress: progress)
            ]
        case .video(let frames) where jobs.count == 1:
            return [
                try await renderer.renderChunk(
                    frames, of: plan, sourceURLs: sourceURLs, to: path(0, in: folder),
                    progress: progress)
            ]
        case .video(let frames):
            return try await renderer.renderChunks(
                jobs.indices.map {
                    ChunkOutput(frames, of: jobs[$0].plan, to: path($0, in: folder))
                }, sourceURLs: sourceURLs, progress: progress)
        }
    }

    /// Stores each file at its content address.
    /// - Returns: The receipt of the first job.
    func store(
        _ reports: [RenderReport], in bucket: any Bucket, folder: String
    ) async throws -> RenderReceipt {
        let first = try await store(0, reports[0], in: bucket, folder: folder)
        for index in jobs.indices.dropFirst() {
            _ = try await store(index, reports[index], in: bucket, folder: folder)
        }
        let (target, report) = (jobs[0].target, reports[0])
        var receipt = RenderReceipt(
            key: target.key.text, etag: first.etag, frames: target.length, bytes: first.bytes,
            cpuMilliseconds: report.cpuMicroseconds / 1_000, cached: false)
        if jobs[0].plan.output.video.copiesUntouched, !unit.isAudio {
            receipt.copiedFrames = report.copiedFrames
            receipt.encodedBecause = report.encodedBecause
        }
        receipt.warnings = report.warnings
        return receipt
    }

    private func store(
        _ index: Int, _ report: RenderReport, in bucket: any Bucket, folder: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        let target = jobs[index].target
        var contentType = target.contentType
        if let warnings = report.warnings {
            // The warnings first: a unit that says that it has some is never without them.
            try await bucket.putDocument(warnings, at: ExportKeys.warnings(ofUnit: target.key))
            contentType += Self.warningsMark
        }
        return try await bucket.uploadFile(
            path(index, in: folder), to: target.key, contentType: contentType)
    }

    /// Parameter of the media type of a cached unit that has warnings: a HEAD
    /// request shows it, without another request.
    static let warningsMark = "; spool=warnings"
}

/// A unit to render for one export.
struct UnitJob: Sendable {
    var keys: ExportKeys
    var plan: RenderPlan
    var target: UnitTarget
}

/// Content address of a unit: made from everything its bytes depend on.
struct UnitTarget: Sendable {
    let key: ObjectKey
    let fileExtension: String
    let contentType: String
    /// Frames of a video unit; samples of an audio unit.
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
        case .audioPiece(let frames):
            fingerprint = audioFingerprint(frames, of: plan, ffmpegVersion: version)
            fileExtension = audioFileExtension(for: plan.output)
            contentType = audioContentType(for: plan.output)
            length = frames.count * AudioFrame.sampleCount
        }
        key = ExportKeys.cache(
            sha256Hex(fingerprint), fileExtension: fileExtension, owner: owner)
    }
}
