import Captions
import FFmpeg
import Jobs
import MediaTime
import ObjectStore
import RenderPlans
import Synchronization

/// Joins finished units into the output and stores it with its caption files.
struct StitchedOutput: Sendable {
    let attempt: ExportAttempt
    let units: FinishedUnits

    private var bucket: any Bucket { attempt.bucket }

    /// Stitches, verifies and stores.
    /// - Parameter scratch: Folder for the output file.
    /// - Returns: the result to write.
    func make(in scratch: String) async throws -> ExportResult {
        let plan = units.plan
        let fileExtension = plan.output.format.rawValue
        let path = "\(scratch)/output.\(fileExtension)"
        var chunkURLs: [String] = []
        for receipt in units.video { chunkURLs.append(try await url(receipt)) }
        var audioURLs: [String] = []
        for receipt in units.audio { audioURLs.append(try await url(receipt)) }
        let receipts = units.video + units.audio
        let bytes = receipts.reduce(0) { $0 + $1.bytes }
        let report = try await attempt.renderer.stitch(
            plan, chunkURLs: chunkURLs, audioURLs: audioURLs, bytes: bytes, to: path,
            scratch: scratch)
        let contentType = plan.output.format.contentType
        let found = Mutex<SeamCheck?>(nil)
        let renderer = attempt.renderer
        let derived =
            attempt.keys.job.isInternal
            ? DerivedObjects(of: plan, owner: attempt.keys.owner, bucket: bucket) : nil
        if let derived, try await !derived.isCurrent() {
            throw HandlerFailure.permanent("The asset was deleted or replaced.")
        }
        let key = derived?.keys.proxy ?? attempt.keys.output(fileExtension: fileExtension)
        let stored = try await bucket.uploadFile(path, to: key, contentType: contentType) {
            let check = try await renderer.verify(path, against: plan)
            found.withLock { $0 = check }
        }
        guard let check = found.withLock({ $0 }) else { throw CancellationError() }
        if let derived {
            try await derived.mark(stored)
            // What is made of the proxy is next.
            try await bucket.putDocument(["version": 1], at: derived.keys.deriveRequest)
        }
        let captions = try await storeCaptions(plan)
        let duration = Rational(plan.frameCount) / plan.output.frameRate
        var usage = self.usage(of: receipts, units.video, stitch: report)
        usage.bill(
            video: units.video, audio: units.audio, resultBytes: stored.bytes, plan: plan,
            stitch: attempt.measuredWork, deployment: attempt.dependencies.deployment)
        var result = ExportResult(
            outcome: .completed, finishedAt: attempt.dependencies.now(),
            output: ExportResult.Output(
                key: stored.key.text, bytes: stored.bytes, etag: stored.etag,
                contentType: contentType, frames: plan.pictureFrames.count,
                samples: plan.output.hasAudio ? plan.sampleCount : 0,
                durationSeconds: duration.doubleValue),
            captions: captions,
            check: ExportResult.Check(
                frames: check.frames, seams: check.seams, decodedSeams: check.decodedSeams,
                audioSamples: check.audioSamples),
            usage: usage)
        let warnings = (plan.warnings ?? []) + receipts.flatMap { $0.warnings ?? [] }
        result.warnings = warnings.isEmpty ? nil : MediaWarning.list(warnings)
        return result
    }

    private func usage(
        of receipts: [RenderReceipt], _ chunks: [RenderReceipt], stitch: RenderReport
    ) -> ExportResult.Usage {
        var usage = ExportResult.Usage(
            chunks: chunks.count, cachedChunks: chunks.count(where: \.cached),
            renderedFrames: chunks.filter { !$0.cached }.reduce(0) { $0 + $1.frames },
            cpuMilliseconds: receipts.reduce(stitch.cpuMicroseconds / 1_000) {
                $0 + $1.cpuMilliseconds
            })
        let copied = chunks.compactMap(\.copiedFrames)
        if !copied.isEmpty { usage.copiedFrames = copied.reduce(0, +) }
        let reasons = Set(chunks.compactMap(\.encodedBecause))
        if !reasons.isEmpty { usage.encodedBecause = reasons.sorted() }
        return usage
    }

    /// Writes the caption files that the output lists.
    private func storeCaptions(_ plan: RenderPlan) async throws -> [ExportResult.CaptionFile]? {
        guard let formats = plan.captionFiles else { return nil }
        var files: [ExportResult.CaptionFile] = []
        for format in formats {
            guard let text = plan.captionFile(format) else { continue }
            let key = attempt.keys.captions(format)
            try await bucket.putObject(
                .bytes(Array(text.utf8)), at: key,
                options: PutOptions(contentType: format.contentType))
            files.append(ExportResult.CaptionFile(format: format, key: key.text))
        }
        return files
    }

    private func url(_ receipt: RenderReceipt) async throws -> String {
        try await bucket.presignedURL(
            .get(ObjectKey(receipt.key), downloadName: nil),
            expiresIn: StitchExport.chunkURLLifetime, audience: .internal)
    }
}
