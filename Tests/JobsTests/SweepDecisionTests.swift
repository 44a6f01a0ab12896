import Jobs
import ObjectStore
import RenderPlans
import Testing
import TestSupport
import WallClock

@Suite struct SweepDecisionTests {
    private let quiet = UnixTime(milliseconds: 1_001) + SweepDecision.quietTime

    private func actions(_ export: ListedExport, now: UnixTime) -> [SweepAction] {
        SweepDecision.actions(for: export.listing, plan: ListedExport.plan, now: now)
    }

    @Test func `an active export is left alone`() {
        var export = ListedExport()
        export.add(export.keys.progress(export.first), bytes: 5, at: 2_000)

        #expect(actions(export, now: 3_000) == [])
    }

    @Test func `a result removes the export's marker`() {
        var export = ListedExport()
        export.add(export.keys.result)

        #expect(actions(export, now: 3_000) == [.removeMarker])
    }

    @Test func `a cancel without a result gets its result`() {
        var export = ListedExport()
        export.add(export.keys.cancel)

        #expect(actions(export, now: 3_000) == [.cancel])
    }

    @Test func `unfinished units of a quiet export are requested again`() {
        var export = ListedExport()
        export.add(export.keys.receipt(export.first))

        #expect(
            actions(export, now: quiet)
                == [.repeatRequest(export.second), .repeatRequest(.audio)])
    }

    @Test func `a unit that was never requested is requested`() {
        var export = ListedExport()
        export.objects.removeAll { $0.key == export.keys.request(export.second) }

        #expect(
            actions(export, now: quiet) == [
                .repeatRequest(export.first), .writeRequest(export.second),
                .repeatRequest(.audio),
            ])
    }

    @Test func `a unit that another export does not make is requested`() {
        var export = ListedExport()
        export.objects.removeAll { $0.key == export.keys.request(export.second) }
        export.add(export.keys.awaited(export.second), at: 2_000)
        export.add(export.keys.receipt(export.first))
        export.add(export.keys.receipt(.audio))

        #expect(actions(export, now: 3_000) == [])
        #expect(actions(export, now: quiet + .seconds(1)) == [.writeRequest(export.second)])
        #expect(
            ExportStatus(export.listing, result: nil).frameCount == ListedExport.plan.frameCount)
        #expect(ExportStatus(export.listing, result: nil).state == .rendering)
    }

    @Test func `one stuck unit is requested again while others work`() {
        var export = ListedExport()
        export.add(export.keys.progress(export.first), bytes: 5, at: 1_000)
        let now = UnixTime(milliseconds: 1_001) + SweepDecision.stuckUnitTime
        export.add(export.keys.progress(export.second), bytes: 5, at: now.milliseconds)

        #expect(actions(export, now: now) == [.repeatRequest(export.first)])
    }

    @Test func `the stitch is requested when every receipt exists`() {
        var export = ListedExport()
        for unit in [export.first, export.second, .audio] { export.add(export.keys.receipt(unit)) }

        #expect(actions(export, now: 2_000) == [.writeStitchRequest])

        export.add(export.keys.stitchRequest)

        #expect(actions(export, now: 2_000) == [])
        #expect(actions(export, now: quiet) == [.repeatStitchRequest])
    }

    @Test func `an export without work for a day fails an hour after it is noted`() {
        var export = ListedExport()
        let units: [SweepAction] = [
            .repeatRequest(export.first), .repeatRequest(export.second), .repeatRequest(.audio),
        ]
        let noted = UnixTime(milliseconds: 1_001) + SweepDecision.stallTime

        #expect(actions(export, now: noted) == [.noteStall] + units)
        export.add(export.keys.stall, at: noted.milliseconds)
        #expect(actions(export, now: noted + .seconds(60)) == units)
        #expect(
            actions(export, now: noted + SweepDecision.stallGraceTime + .seconds(1))
                == [.fail("No work was done on the export for 24 hours.")])
        // Work after the note, as after a clock that was set forward.
        let later = noted + .seconds(5)
        export.add(export.keys.progress(export.first), bytes: 5, at: later.milliseconds)
        #expect(
            actions(export, now: later + SweepDecision.stallGraceTime + .seconds(1)) == units)
    }

    @Test func `an export that works for days does not fail`() {
        var export = ListedExport()
        let now = UnixTime(milliseconds: 1_000) + SweepDecision.stallTime * 9
        for unit in [export.first, export.second, .audio] {
            export.add(export.keys.progress(unit), bytes: 5, at: now.milliseconds)
        }

        #expect(actions(export, now: now) == [])
    }

    @Test func `after the clock was set back, what does not work is requested again`() {
        var export = ListedExport()
        let now = UnixTime(milliseconds: 1_000) - .seconds(5 * 3_600)

        #expect(
            actions(export, now: now) == [
                .repeatRequest(export.first), .repeatRequest(export.second),
                .repeatRequest(.audio),
            ])
        // One renderer works on, another died before the clock was set.
        export.add(export.keys.progress(export.first), bytes: 5, at: now.milliseconds)
        export.add(export.keys.progress(export.second), bytes: 5, at: 1_000)
        #expect(actions(export, now: now) == [.repeatRequest(export.second)])
    }

    @Test func `the marker of an export without a plan is removed`() {
        let export = ListedExport()

        #expect(SweepDecision.actions(for: export.listing, plan: nil, now: 2_000) == [])
        #expect(
            SweepDecision.actions(for: export.listing, plan: nil, now: quiet) == [.removeMarker])
    }

    @Test func `a plan with a window has only its next units requested`() {
        var export = ListedExport()
        export.objects.removeAll {
            [export.keys.request(export.first), export.keys.request(export.second)]
                .contains($0.key)
        }
        var plan = ListedExport.plan
        plan.unitsAtOnce = 1

        #expect(export.listing.nextUnits(of: plan) == [])
        #expect(
            SweepDecision.actions(for: export.listing, plan: plan, now: quiet)
                == [.repeatRequest(.audio)])
        plan.unitsAtOnce = 2
        #expect(export.listing.nextUnits(of: plan) == [export.first])
        #expect(
            SweepDecision.actions(for: export.listing, plan: plan, now: quiet)
                == [.writeRequest(export.first), .repeatRequest(.audio)])
        #expect(
            SweepDecision.actions(for: export.listing, plan: plan, now: 2_000)
                == [.writeRequest(export.first)])
        export.add(export.keys.receipt(.audio))
        #expect(export.listing.nextUnits(of: plan) == [export.first, export.second])
        #expect(plan.firstUnits == [.audio, export.first])
        plan.unitsAtOnce = nil
        #expect(export.listing.nextUnits(of: plan) == [])
        #expect(plan.firstUnits == [.audio, export.first, export.second])
    }
}
