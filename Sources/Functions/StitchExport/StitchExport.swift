import Editing
import FFmpeg
import Jobs
import JSONLog
import LambdaRuntime
import ObjectStore
import Synchronization

/// Joins the rendered units of an export into one file.
///
/// Triggered by `exports/*.stitch.json`. The output is checked before the
/// result is written; whoever writes `result.json` first decides.
enum StitchExport {
    struct Dependencies: Sendable {
        var bucket: any Bucket
        var renderer: any MediaRenderer
        var now: @Sendable () -> Int
        var sleep: @Sendable (Int) async throws -> Void
        var scratchRoot: String
        var deployment = Deployment()
    }

    /// Lifetime of the chunk URLs that FFmpeg reads from.
    static let chunkURLSeconds = 3_600

    /// - Throws: when the stitch failed and another attempt may help.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let (keys, rest) = ExportKeys.parse(ObjectKey(record.key)),
                rest == "requests/all.stitch.json"
            else {
                context.logger.warning(
                    "An event's key is not a stitch request.", ["key": .string(record.key)])
                continue
            }
            let meter = WorkMeter(
                dependencies.bucket, startedAt: dependencies.now(),
                memoryMegabytes: dependencies.deployment.ownMegabytes)
            var metered = dependencies
            metered.bucket = meter.bucket
            let ledger = ExportLedger(
                bucket: metered.bucket, keys: keys, now: dependencies.now)
            let work = StitchWork(
                ledger: ledger, context: context, meter: meter, dependencies: metered)
            do {
                try await work.perform()
            } catch {
                try await ledger.recordFailure(error, of: .stitch, context)
                try await work.discardOutput()
            }
        }
    }
}

/// One attempt at one stitch.
private struct StitchWork: Sendable {
    let ledger: ExportLedger
    let context: InvocationContext
    let meter: WorkMeter
    let dependencies: StitchExport.Dependencies

    private var bucket: any Bucket { dependencies.bucket }

    func perform() async throws {
        guard try await !ledger.isStopped() else { return try await discardOutput() }
        let plan = try await ledger.plan()
        guard let units = try await finishedUnits(plan) else { return }
        let monitor = RenderMonitor(
            ledger: ledger, progressKeys: [],
            giveUpAtMilliseconds: context.giveUpAt(now: dependencies.now()),
            sleep: dependencies.sleep)
        let result = try await withScratchDirectory(in: dependencies.scratchRoot) { scratch in
            try await monitor.run { _ in try await stitch(plan, units, scratch: scratch) }
        }
        try await ledger.finish(result)
        try await discardOutput()
    }

    /// An export that ended in another way has no output, whichever attempt
    /// stored one. Called after every attempt that is not made again.
    func discardOutput() async throws {
        let result = try await ledger.result()
        // Without a result it was a cancel's mark that ended the attempt.
        let standing = if let result { result } else { try await ledger.cancel() }
        guard standing.outcome != .completed else { return }
        // Without a plan nothing was stitched.
        guard let plan = try await bucket.document(RenderPlan.self, at: ledger.keys.plan)
        else { return }
        try await bucket.deleteObject(
            ledger.keys.output(fileExtension: plan.output.format.rawValue))
        for format in plan.captionFiles ?? [] {
            try await bucket.deleteObject(ledger.keys.captions(format))
        }
    }

    private struct FinishedUnits: Sendable {
        var chunks: [FrameRange]
        var video: [RenderReceipt]
        /// AAC frames of each piece of the sound; nil where it is a whole.
        var soundPieces: [FrameRange]?
        /// Empty where the export has no sound.
        var audio: [RenderReceipt]
    }

    /// - Returns: nil when a unit is not there, or has left the cache and was
    ///   asked for again: its receipt will ask for the stitch again.
    private func finishedUnits(_ plan: RenderPlan) async throws -> FinishedUnits? {
        let listing = try await ledger.listing()
        guard listing.isEverythingRendered(of: plan),
            let chunks = listing.finishedChunks(of: plan.pictureFrames),
            let sound = listing.finishedSound(of: plan)
        else { return try await waitForReceipts(plan) }
        var lost = false
        var receipts: [RenderReceipt] = []
        for unit in chunks.map(RenderUnit.video) + sound {
            let key = ledger.keys.receipt(unit)
            guard let receipt = try await bucket.document(RenderReceipt.self, at: key) else {
                return try await waitForReceipts(plan)
            }
            if try await bucket.objectExists(ObjectKey(receipt.key)) {
                receipts.append(receipt)
            } else {
                lost = true
                try await bucket.deleteObject(key)
                try await bucket.deleteObject(ledger.keys.stitchRequest)
                try await ledger.repeatRequest(unit)
            }
        }
        guard !lost else { return nil }
        return FinishedUnits(
            chunks: chunks, video: Array(receipts[..<chunks.count]),
            soundPieces: plan.soundPieces == nil ? nil : sound.compactMap(\.soundFrames),
            audio: Array(receipts[chunks.count...]))
    }

    /// Takes the request back, so that the last receipt makes it anew. An event
    /// that comes twice may find a unit that its twin has sent back.
    private func waitForReceipts(_ plan: RenderPlan) async throws -> FinishedUnits? {
        try await bucket.deleteObject(ledger.keys.stitchRequest)
        try await ledger.requestStitchIfComplete(plan)
        return nil
    }

    private func stitch(
        _ plan: RenderPlan, _ units: FinishedUnits, scratch: String
    ) async throws -> ExportResult {
        // A chunk that was split is joined by its halves, and so is a piece of sound.
        var plan = plan
        plan.chunks = units.chunks
        plan.soundPieces = units.soundPieces
        let fileExtension = plan.output.format.rawValue
        let path = "\(scratch)/output.\(fileExtension)"
        var chunkURLs: [String] = []
        for receipt in units.video { chunkURLs.append(try await url(receipt)) }
        var audioURLs: [String] = []
        for receipt in units.audio { audioURLs.append(try await url(receipt)) }
        let receipts = units.video + units.audio
        let bytes = receipts.reduce(0) { $0 + $1.bytes }
        let report = try await dependencies.renderer.stitch(
            plan, chunkURLs: chunkURLs, audioURLs: audioURLs, bytes: bytes, to: path,
            scratch: scratch)
        let contentType = plan.output.format.contentType
        let found = Mutex<SeamCheck?>(nil)
        let (renderer, whole) = (dependencies.renderer, plan)
        let stored = try await bucket.uploadFile(
            path, to: ledger.keys.output(fileExtension: fileExtension), contentType: contentType
        ) {
            let check = try await renderer.verify(path, against: whole)
            found.withLock { $0 = check }
        }
        guard let check = found.withLock({ $0 }) else { throw CancellationError() }
        let captions = try await storeCaptions(plan)
        let duration = Rational(plan.frameCount) / plan.output.frameRate
        var usage = self.usage(of: receipts, units.video, stitch: report)
        usage.bill(
            video: units.video, sound: units.audio, resultBytes: stored.bytes, plan: plan,
            stitch: meter.work(now: dependencies.now()), deployment: dependencies.deployment)
        return ExportResult(
            outcome: .completed, finishedAtMilliseconds: dependencies.now(),
            output: ExportResult.Output(
                key: stored.key.text, bytes: stored.bytes, etag: stored.etag,
                contentType: contentType, frames: plan.pictureFrames.count,
                samples: plan.output.format.hasSound ? plan.sampleCount : 0,
                durationSeconds: duration.doubleValue),
            captions: captions,
            check: ExportResult.Check(
                frames: check.frames, seams: check.seams, decodedSeams: check.decodedSeams,
                audioSamples: check.audioSamples),
            usage: usage)
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

    /// Writes the files of captions that stand beside the output.
    private func storeCaptions(_ plan: RenderPlan) async throws -> [ExportResult.CaptionFile]? {
        guard let formats = plan.captionFiles else { return nil }
        var files: [ExportResult.CaptionFile] = []
        for format in formats {
            guard let text = plan.captionFile(format) else { continue }
            let key = ledger.keys.captions(format)
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
            expiresInSeconds: StitchExport.chunkURLSeconds, audience: .internal)
    }
}
