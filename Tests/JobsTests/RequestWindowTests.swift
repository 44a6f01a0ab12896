import Jobs
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Waves of requests, and the status while some units are not requested.
@Suite struct RequestWindowTests {
    /// A plan of 20 chunks of 30 frames and its audio, of which 4 units are requested at a time.
    private static var plan: RenderPlan {
        var plan = RenderPlan(
            output: .init(width: 320, height: 180, frameRate: Rational(30)), frameCount: 600,
            sources: [], layers: [], audio: [],
            chunks: (0..<20).map { FrameRange(30 * $0, 30 * $0 + 30) })
        plan.unitsAtOnce = 4
        return plan
    }

    private func chunk(_ index: Int) -> RenderUnit { .video(Self.plan.chunks[index]) }

    /// The listing after start-export, with no request yet.
    private static var started: ListedExport {
        var export = ListedExport()
        export.objects = []
        export.add(export.keys.plan)
        for range in plan.plannedRanges { export.add(export.keys.planned(range)) }
        return export
    }

    private func listed(_ requested: [RenderUnit], done: [RenderUnit] = []) -> ListedExport {
        var export = Self.started
        for unit in requested { export.add(export.keys.request(unit)) }
        for unit in done { export.add(export.keys.receipt(unit)) }
        return export
    }

    @Test(arguments: [(1, 2, nil), (16, 2, nil), (17, 2, 16), (1_206, 50, 100), (100, 50, nil)])
    func `a window holds two units for each renderer, and all units of a short export`(
        units: Int, concurrency: Int, window: Int?
    ) {
        #expect(RequestWindow().unitsAtOnce(unitCount: units, concurrency: concurrency) == window)
    }

    @Test func `each receipt makes room for one unit`() {
        let plan = Self.plan
        let first = plan.firstUnits
        #expect(first == [.audio, chunk(0), chunk(1), chunk(2)])

        #expect(listed([]).listing.nextUnits(of: plan) == first)
        #expect(listed(first).listing.nextUnits(of: plan) == [])
        #expect(listed(first, done: [chunk(1)]).listing.nextUnits(of: plan) == [chunk(3)])
        #expect(
            listed(first, done: first).listing.nextUnits(of: plan) == (3...6).map(chunk))
        let all = plan.units
        #expect(listed(all, done: Array(all.prefix(18))).listing.nextUnits(of: plan) == [])
    }

    @Test func `parts of a split unit fill the window in its place`() {
        let halves: [RenderUnit] = [.video(FrameRange(0, 15)), .video(FrameRange(15, 30))]
        let listing = listed(Self.plan.firstUnits + halves).listing

        #expect(listing.nextUnits(of: Self.plan) == [])
        #expect(
            listed(Self.plan.firstUnits + halves, done: halves).listing
                .nextUnits(of: Self.plan) == [chunk(3)])
    }

    @Test func `units of a working leader are left to it, and requested after its end`() {
        var plan = Self.plan
        plan.leader = .init(jobID: "job_2_b", sharesAudio: false)

        #expect(plan.firstUnits == [.audio])
        let listing = listed([.audio]).listing
        #expect(listing.nextUnits(of: plan, besideLeader: true) == [])
        #expect(listing.nextUnits(of: plan) == (0...2).map(chunk))
        plan.unitsAtOnce = nil
        #expect(listing.nextUnits(of: plan, besideLeader: true) == [])
        #expect(listing.nextUnits(of: plan) == (0...19).map(chunk))
    }

    @Test func `the status counts frames that no wave has requested`() {
        let status = listed(Self.plan.firstUnits).status()
        #expect(status.frameCount == 600)
        #expect(status.chunks.map(\.frames.count) == [30, 30, 30, 510])
        #expect(status.state == .queued)

        let wave = listed(Self.plan.firstUnits, done: Self.plan.firstUnits).status()
        #expect(wave.framesDone == 90)
        #expect(wave.state == .rendering)
        #expect(wave.progress.percent < 40)

        let all = listed(Self.plan.units, done: Self.plan.units).status()
        #expect(all.chunks.count == 20)
        #expect(all.state == .stitching)
    }

    @Test func `audio pieces that are not requested are not done`() {
        var plan = Self.plan
        plan.audioPieces = (0..<10).map { AudioFrameRange(100 * $0, 100 * $0 + 100) }
        var export = ListedExport()
        export.objects = []
        for range in plan.plannedRanges { export.add(export.keys.planned(range)) }
        let first = plan.firstUnits
        for unit in first {
            export.add(export.keys.request(unit))
            export.add(export.keys.receipt(unit))
        }

        #expect(export.status().hasAudio)
        #expect(!export.status().isAudioDone)
        #expect(export.status().audioDone == Rational(2, 5))
        #expect(export.listing.nextUnits(of: plan).count == 4)
    }

    @Test(arguments: [(0, 0, true), (1, 4, true), (1, 5, false), (9, 0, true), (0, 9, true)])
    func `an owner starts exports up to the limit`(new: Int, active: Int, admitted: Bool) {
        #expect(ExportAdmission(exportCountMax: 5).admits(new: new, active: active) == admitted)
    }
}
