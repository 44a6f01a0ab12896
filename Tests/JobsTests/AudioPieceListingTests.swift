import Jobs
import MediaTime
import ObjectStore
import RenderPlans
import Testing
import WallClock

/// Listing of an export whose audio is made in pieces.
@Suite struct AudioPieceListingTests {
    private let pieces = [AudioFrameRange(0, 512), AudioFrameRange(512, 939)]

    private var plan: RenderPlan {
        var plan = ListedExport.plan
        plan.audioPieces = pieces
        return plan
    }

    /// Both chunks are finished, both pieces are requested.
    private var export: ListedExport {
        var export = ListedExport()
        export.objects.removeAll { $0.key == export.keys.request(.audio) }
        for piece in pieces { export.add(export.keys.request(.audioPiece(piece))) }
        for chunk in [export.first, export.second] { export.add(export.keys.receipt(chunk)) }
        return export
    }

    @Test func `the audio is done with its last piece`() {
        var export = export
        #expect(plan.audioUnits == pieces.map(RenderUnit.audioPiece))
        #expect(export.status().hasAudio)

        export.add(export.keys.receipt(.audioPiece(pieces[1])))
        #expect(export.status().state == .rendering)
        #expect(export.listing.finishedAudio(of: plan) == nil)
        #expect(!export.listing.isEverythingRendered(of: plan))

        export.add(export.keys.receipt(.audioPiece(pieces[0])))
        #expect(export.status().state == .stitching)
        #expect(export.status().isAudioDone)
        #expect(export.listing.finishedAudio(of: plan) == pieces.map(RenderUnit.audioPiece))
        #expect(export.listing.isEverythingRendered(of: plan))
    }

    @Test func `progress counts what each piece has done`() {
        var export = export
        export.add(export.keys.receipt(.audioPiece(pieces[0])))
        export.add(export.keys.progress(.audioPiece(pieces[1])), bytes: 100)
        #expect(export.status().audioDone == Rational(612, 939))

        // All of it is written but not yet stored.
        export.add(export.keys.progress(.audioPiece(pieces[1])), bytes: 5_000)
        #expect(export.status().audioDone == Rational(1))
        #expect(!export.status().isAudioDone)
        #expect(export.status().state == .rendering)
    }

    @Test func `a piece that was split is done with its halves`() {
        var export = export
        let halves = [AudioFrameRange(512, 725), AudioFrameRange(725, 939)]
        for half in halves { export.add(export.keys.request(.audioPiece(half))) }
        export.add(export.keys.receipt(.audioPiece(pieces[0])))
        export.add(export.keys.receipt(.audioPiece(halves[0])))
        #expect(export.listing.audioPieces == [pieces[0]] + halves)
        #expect(export.status().state == .rendering)

        export.add(export.keys.receipt(.audioPiece(halves[1])))

        #expect(
            export.listing.finishedAudio(of: plan)
                == ([pieces[0]] + halves).map(RenderUnit.audioPiece))
        #expect(export.status().state == .stitching)
    }

    @Test func `unfinished pieces of a quiet export are requested again`() {
        var export = export
        let quiet = UnixTime(milliseconds: 1_001) + SweepDecision.quietTime
        func actions() -> [SweepAction] {
            SweepDecision.actions(for: export.listing, plan: plan, now: quiet)
        }
        #expect(actions() == pieces.map { .repeatRequest(.audioPiece($0)) })

        // One that start-export did not request before it died, and one that was split.
        let lost = export.keys.request(.audioPiece(pieces[0]))
        export.objects.removeAll { $0.key == lost }
        export.add(export.keys.request(.audioPiece(AudioFrameRange(512, 725))))
        export.add(export.keys.request(.audioPiece(AudioFrameRange(725, 939))))
        export.add(export.keys.receipt(.audioPiece(AudioFrameRange(512, 725))))
        #expect(
            actions() == [
                .writeRequest(.audioPiece(pieces[0])),
                .repeatRequest(.audioPiece(AudioFrameRange(725, 939))),
            ])

        export.add(export.keys.receipt(.audioPiece(pieces[0])))
        export.add(export.keys.receipt(.audioPiece(AudioFrameRange(725, 939))))
        #expect(actions() == [.writeStitchRequest])
    }
}
