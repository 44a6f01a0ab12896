import Jobs
import MediaTime
import ObjectStore
import Randomness
import RenderPlans
import Testing
import TestSupport
import WallClock

/// Listing of an export of 600 frames in two chunks.
struct ListedExport {
    let keys = ExportKeys(owner: OwnerID("ann")!, job: JobID("job_1_a")!)
    let first = RenderUnit.video(FrameRange(0, 300))
    let second = RenderUnit.video(FrameRange(300, 600))
    var objects: [ObjectInfo] = []

    init() {
        for key in [
            keys.edit, keys.plan, keys.request(first), keys.request(second),
            keys.request(.audio),
        ] {
            add(key)
        }
    }

    mutating func add(_ key: ObjectKey, bytes: Int = 10, at time: Int = 1_000) {
        objects.append(
            ObjectInfo(
                key: key, etag: "e", bytes: bytes, lastModified: UnixTime(milliseconds: time)))
    }

    var listing: ExportListing { ExportListing(objects, of: keys) }
    func status(_ result: ExportResult? = nil) -> ExportStatus {
        ExportStatus(listing, result: result)
    }

    static let plan = RenderPlan(
        output: .init(width: 320, height: 180, frameRate: Rational(30)), frameCount: 600,
        sources: [], layers: [], audio: [],
        chunks: [FrameRange(0, 300), FrameRange(300, 600)])
}

@Suite struct ExportStatusTests {
    @Test func `an export without progress is queued`() {
        let status = ListedExport().status()

        #expect(status.state == .queued)
        #expect(status.frameCount == 600)
        #expect(status.framesDone == 0)
    }

    @Test func `the size of a progress object is the number of frames done`() {
        var export = ListedExport()
        export.add(export.keys.progress(export.first), bytes: 120)

        let status = export.status()

        #expect(status.state == .rendering)
        #expect(status.framesDone == 120)
        #expect(status.chunks.map(\.state) == [.rendering, .queued])
    }

    @Test func `an export without audio does not wait for audio`() {
        var export = ListedExport()
        export.objects.removeAll { $0.key == export.keys.request(.audio) }
        export.add(export.keys.receipt(export.first))
        #expect(export.status().state == .rendering)
        #expect(export.status().hasAudio == false)
        #expect(export.status().progress.percent == 50)

        export.add(export.keys.receipt(export.second))

        #expect(export.status().state == .stitching)
    }

    @Test func `an audio-only export waits for its audio alone`() {
        var export = ListedExport()
        export.objects.removeAll {
            [export.keys.request(export.first), export.keys.request(export.second)]
                .contains($0.key)
        }
        #expect(export.status().state == .queued)
        #expect(export.status().progress.percent == 10)

        export.add(export.keys.progress(.audio), bytes: 150)
        let half = ExportStatus(export.listing, result: nil, audioOnlyFrameCount: 300)
        #expect(half.state == .rendering)
        #expect(half.progress.percent == 50)
        // A progress object of another plan adds nothing beyond the end.
        let whole = ExportStatus(export.listing, result: nil, audioOnlyFrameCount: 100)
        #expect(whole.progress.percent == 80)

        export.add(export.keys.receipt(.audio))

        #expect(export.status().state == .stitching)
    }

    @Test func `an export that starts later is complete with its own frames`() {
        var export = ListedExport()
        export.objects.removeAll { $0.key == export.keys.request(export.first) }
        export.add(export.keys.receipt(.audio))
        export.add(export.keys.receipt(export.second))

        #expect(export.status().frameCount == 300)
        #expect(export.status().state == .stitching)
    }

    @Test func `progress from before a split still counts`() {
        var export = ListedExport()
        export.add(export.keys.progress(export.first), bytes: 200)
        let before = export.status().progress.percent
        let halves = [FrameRange(0, 150), FrameRange(150, 300)]
        for half in halves { export.add(export.keys.request(.video(half))) }

        let status = export.status()

        #expect(status.chunks.map(\.framesDone) == [150, 50, 0])
        #expect(status.progress.percent == before)

        // The whole chunk finished after all.
        export.add(export.keys.receipt(export.first))

        #expect(export.status().chunks.map(\.state) == [.done, .done, .queued])
    }

    @Test func `progress does not go back when the stitch fails`() {
        var export = ListedExport()
        for unit in [export.first, export.second, .audio] {
            export.add(export.keys.receipt(unit))
        }
        #expect(export.status().progress.percent == 85)
        export.add(export.keys.output(fileExtension: "mp4"))
        #expect(export.status().progress.percent == 95)
        export.objects.removeLast()

        let failed = export.status(ExportResult(outcome: .failed, finishedAt: 1))

        #expect(failed.progress.percent == 95)
    }

    @Test func `all receipts without a result mean stitching`() {
        var export = ListedExport()
        for unit in [export.first, export.second, .audio] { export.add(export.keys.receipt(unit)) }

        #expect(export.status().state == .stitching)
        #expect(export.status().framesDone == 600)
    }

    @Test func `an export without its audio is still rendering`() {
        var export = ListedExport()
        for unit in [export.first, export.second] { export.add(export.keys.receipt(unit)) }

        #expect(export.status().state == .rendering)
    }

    @Test func `a cancel marker alone does not end an export`() {
        var export = ListedExport()
        export.add(export.keys.cancel)

        #expect(export.status().state == .queued)
    }

    @Test(arguments: [
        (ExportResult.Outcome.completed, ExportState.completed), (.failed, .failed),
        (.cancelled, .cancelled),
    ])
    func `the result alone decides the state`(outcome: ExportResult.Outcome, state: ExportState) {
        var export = ListedExport()
        export.add(export.keys.cancel)

        let status = export.status(ExportResult(outcome: outcome, finishedAt: 5))

        #expect(status.state == state)
        #expect(status.state.isTerminal)
    }

    @Test func `the status does not depend on the listing's order`() {
        var export = ListedExport()
        export.add(export.keys.progress(export.first), bytes: 120)
        export.add(export.keys.receipt(export.second))
        export.add(export.keys.failure(export.first, attempt: 1))
        let status = export.status()

        for seed in 0..<20 {
            var generator = SeededGenerator(seed: UInt64(seed))
            export.objects.shuffle(using: &generator)
            #expect(export.status() == status)
        }
    }

    @Test func `a split chunk counts by its halves`() {
        var export = ListedExport()
        let halves = [FrameRange(300, 450), FrameRange(450, 600)].map(RenderUnit.video)
        for half in halves { export.add(export.keys.request(half)) }
        export.add(export.keys.receipt(halves[0]))
        export.add(export.keys.receipt(export.first))
        export.add(export.keys.receipt(.audio))

        #expect(export.status().chunks.map(\.frames.count) == [300, 150, 150])
        #expect(export.status().framesDone == 450)
        #expect(export.status().state == .rendering)

        export.add(export.keys.receipt(halves[1]))

        #expect(export.status().state == .stitching)
        #expect(export.listing.finishedChunks(of: FrameRange(0, 600))?.count == 3)
    }

    @Test(arguments: [
        (StatusDialect.clipforge, ExportState.queued, "pending"),
        (.clipforge, .stitching, "processing"), (.opencut, .completed, "completed"),
        (.clipforge, .cancelled, "failed"), (.spool, .stitching, "stitching"),
        (.refresher, .queued, "queued"), (.refresher, .rendering, "processing"),
        (.refresher, .stitching, "processing"), (.refresher, .completed, "complete"),
        (.refresher, .failed, "failed"), (.refresher, .cancelled, "cancelled"),
    ])
    func `each dialect has its own state names`(
        dialect: StatusDialect, state: ExportState, word: String
    ) {
        #expect(dialect.name(of: state) == word)
    }

    @Test func `ClipForge's queue has four words`() {
        let words: [ExportState: String] = [
            .queued: "waiting", .rendering: "active", .stitching: "active",
            .completed: "completed", .failed: "failed", .cancelled: "failed",
            .expired: "failed",
        ]

        for (state, word) in words { #expect(state.queueWord == word) }
    }
}
