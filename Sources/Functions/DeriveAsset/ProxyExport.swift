import EditFormats
import FFmpeg
import Jobs
import JSON
import MediaTime
import ObjectStore
import RenderPlans

/// The export of one clip that makes an upload's proxy, in one run or in chunks.
struct ProxyExport: Sendable {
    let asset: AssetRecord
    let media: MediaInfo
    let derived: DerivedObjects
    let dependencies: DeriveAsset.Dependencies

    /// Pixels of a proxy's shorter side.
    static let sidePixelsMax = 540
    /// Length up to which a proxy is made in one run, in seconds.
    static let singleRunSecondsMax = 60
    /// x264's rate factor: smaller files than an export's, good enough to cut by.
    private static let crf = 26
    private static let audioBitsPerSecond = 128_000

    /// The export's ID, always the same for the same bytes of an upload.
    var job: JobID {
        JobID(proxyOf: derived.keys.asset, etag: asset.etag, time: asset.createdAt)
    }

    /// True if one run is cheaper than chunks.
    static func isShort(_ plan: RenderPlan) -> Bool {
        Rational(plan.frameCount) / plan.output.frameRate <= Rational(singleRunSecondsMax)
    }

    /// Size of the proxy of a picture: the shorter side is at most `sidePixelsMax`, both are
    /// even, and nothing is enlarged.
    static func size(of picture: (width: Int, height: Int)) -> (width: Int, height: Int) {
        let (width, height) = (max(1, picture.width), max(1, picture.height))
        let shrink = min(
            Rational(1), Rational(sidePixelsMax, min(width, height)),
            Rational(Limits.sidePixelsMax, max(width, height)))
        func even(_ side: Int) -> Int {
            let pixels = shrink == Rational(1) ? side & ~1 : (Rational(side) * shrink).nearestEven
            return min(max(pixels, Limits.sidePixelsMin), Limits.sidePixelsMax)
        }
        return (even(width), even(height))
    }

    /// The edit: the whole file at its own frame rate.
    var edit: JSONValue {
        let size = Self.size(of: media.video?.displaySize ?? (0, 0))
        return .object([
            "timeline": .object([
                "tracks": .array([
                    .object([
                        "clips": .array([
                            .object([
                                "asset": .object([
                                    "type": .string("video"), "assetId": .string(asset.id),
                                ]),
                                "start": .integer(0), "length": .string("auto"),
                                "fit": .string("cover"),
                            ])
                        ])
                    ])
                ])
            ]),
            "output": .object([
                "size": .object([
                    "width": .integer(size.width), "height": .integer(size.height),
                ]),
                "fps": .string("source"), "crf": .integer(Self.crf),
            ]),
        ])
    }

    /// The plan, made as that of any export.
    /// - Throws: a 400 problem if the file cannot be exported.
    func plan() async throws -> RenderPlan {
        let edit: Edit
        do throws(EditFaults) {
            edit = try Edit(request: self.edit)
        } catch {
            throw Problem.invalid(error.faults)
        }
        let planning = ExportPlanning(owner: derived.keys.owner, dependencies: dependencies.exports)
        var plan = try await planning.plan(edit)
        plan.output.video.keyframeDistance = max(
            1, (plan.output.frameRate / Rational(2)).floor)
        plan.output.audio.bitsPerSecond = Self.audioBitsPerSecond
        if media.audio == nil {
            plan.output.omitsAudio = true
            plan.audioPieces = nil
        }
        plan.unitsAtOnce = max(1, dependencies.exports.concurrency)
        return plan
    }

    /// Starts the export. A finished one whose proxy is gone is stitched again.
    func start(_ plan: RenderPlan) async throws {
        let bucket = derived.bucket
        let acceptance = ExportAcceptance(
            owner: derived.keys.owner, dependencies: dependencies.exports)
        let exportKeys = ExportKeys(owner: derived.keys.owner, job: job)
        let ledger = ExportLedger(
            bucket: bucket, keys: exportKeys, now: dependencies.exports.now)
        if let result = try await ledger.result() {
            guard result.outcome == .completed else { return try await ledger.close(result) }
            try await bucket.deleteObject(exportKeys.stitchRequest)
            try await bucket.deleteObject(exportKeys.result)
        }
        try await acceptance.write(plan, edit: edit, job: job, dialect: .spool)
        try await ledger.requestStitchIfComplete(try await ledger.plan())
    }

    /// Renders the whole proxy here, with the steps of an export.
    /// - Returns: Path of the verified file.
    func render(_ whole: RenderPlan, in scratch: String) async throws -> String {
        var plan = whole
        plan.chunks = [FrameRange(0, plan.frameCount)]
        plan.audioPieces = nil
        let renderer = dependencies.renderer
        let sources = UnitSources(
            plan: plan, bucket: derived.bucket, owner: derived.keys.owner)
        let film = RenderUnit.video(plan.chunks[0])
        let (chunk, audio) = ("\(scratch)/proxy-chunk.mp4", "\(scratch)/proxy-audio.mp4")
        var report = try await renderer.renderChunk(
            plan.chunks[0], of: plan, sourceURLs: try await sources.urls(for: film), to: chunk,
            progress: { _ in })
        var audioFiles: [String] = []
        for unit in plan.audioUnits {
            report.bytes += try await renderer.renderAudio(
                nil, of: plan, sourceURLs: try await sources.urls(for: unit), to: audio,
                progress: { _ in }
            ).bytes
            audioFiles = [audio]
        }
        let path = "\(scratch)/proxy.mp4"
        _ = try await renderer.stitch(
            plan, chunkURLs: [chunk], audioURLs: audioFiles, bytes: report.bytes, to: path,
            scratch: scratch)
        _ = try await renderer.verify(path, against: plan)
        return path
    }
}

extension Rational {
    /// The even integer nearest to the value.
    fileprivate var nearestEven: Int { 2 * (self / Rational(2)).rounded }
}
