@testable import Functions
import Jobs
import JSON
import LambdaRuntime
import MediaTime
import ObjectStore
import Synchronization
import Testing
import TestSupport
import WallClock

/// Renders that end before they are finished, observed in the bucket.
@Suite struct RenderWatchTests {
    /// A renderer that works until it is cancelled.
    private static let endless = FakeRenderer(duringChunk: {
        try await Task.sleep(for: .seconds(3_600))
    })

    private func deliver(
        _ key: ObjectKey, _ harness: FunctionHarness,
        now: @escaping @Sendable () -> UnixTime = { 1_700_000_000_000 },
        onPoll: @escaping @Sendable () async throws -> Void = {}
    ) async throws {
        var services = harness.services()
        services.now = now
        services.sleep = { _ in
            try await onPoll()
            try await Task.sleep(for: .milliseconds(1))
        }
        _ = try await Registry.handler(.renderChunk, services)(
            Array(FunctionHarness.event(key.text).utf8), FunctionHarness.context)
    }

    @Test func `a render that runs out of time requests two halves`() async throws {
        let plain = FunctionHarness()
        let job = try await plain.export(try await plain.asset())
        let keys = plain.keys(job)
        let late = FunctionHarness.context.deadline

        try await deliver(
            keys.request(.video(FrameRange(0, 300))), plain.with(Self.endless), now: { late })

        #expect(try await plain.memory.objectExists(keys.request(.video(FrameRange(0, 150)))))
        #expect(try await plain.memory.objectExists(keys.request(.video(FrameRange(150, 300)))))
        #expect(try await plain.result(job) == nil)
    }

    @Test func `finished frames are salvaged when time runs out, the rest is requested`()
        async throws
    {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let keys = harness.keys(job)
        try await deliverInVain(harness, keys, finishedFrames: 120, leftMilliseconds: 7_000)

        let parts = [FrameRange(0, 120), FrameRange(120, 210), FrameRange(210, 300)]
        let receipt = try #require(
            try await harness.memory.document(
                RenderReceipt.self, at: keys.receipt(.video(parts[0]))))
        #expect(receipt.frames == 120)
        #expect(receipt.work != nil)
        let (_, status) = try await harness.call(.jobStatus, "GET", "/api/export/\(job)/status")
        // Half of the chunk was written; the shown progress does not go back.
        #expect(status["frames"] == ["done": 150, "total": 600])

        for unit in parts.map(RenderUnit.video) + FunctionHarness.units.dropFirst() {
            try await harness.deliver(keys.request(unit).text, to: .renderChunk)
        }
        try await harness.deliver(keys.stitchRequest.text, to: .stitchExport)

        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .completed)
        #expect(result.check?.seams == 3)
        #expect(harness.renderer.calls.chunks == Array(parts[1...]) + [FrameRange(300, 600)])
    }

    /// Delivers the first chunk's request to a renderer that runs out of time.
    private func deliverInVain(
        _ harness: FunctionHarness, _ keys: ExportKeys, finishedFrames: Int, leftMilliseconds: Int
    ) async throws {
        let isRendering = Mutex(false)
        let slow = FakeRenderer(
            finishedFrames: finishedFrames,
            duringChunk: {
                isRendering.withLock { $0 = true }
                try await Task.sleep(for: .seconds(3_600))
            })
        let late = FunctionHarness.context.deadline - .milliseconds(leftMilliseconds)
        try await deliver(
            keys.request(.video(FrameRange(0, 300))), harness.with(slow),
            now: { isRendering.withLock { $0 } ? late : 1_700_000_000_000 })
    }

    @Test(arguments: [(10, 7_000), (300, 7_000), (120, 900)])
    func `too few frames, all frames, or frames without time to store are not salvaged`(
        finished: Int, leftMilliseconds: Int
    ) async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let keys = harness.keys(job)

        try await deliverInVain(
            harness, keys, finishedFrames: finished, leftMilliseconds: leftMilliseconds)

        #expect(try await harness.memory.objectExists(keys.request(.video(FrameRange(150, 300)))))
    }

    @Test func `the rest is cut into ranges no longer than the finished frames`() {
        let frames = FrameRange(100, 400)
        #expect(RenderDecision.rest(of: frames, after: 299) == [FrameRange(399, 400)])
        #expect(
            RenderDecision.rest(of: frames, after: 100) == [
                FrameRange(200, 300), FrameRange(300, 400),
            ])
        let many = RenderDecision.rest(of: FrameRange(0, 10_000), after: 24)
        #expect(many.count == 16)
        #expect(many.first?.start == 24 && many.last?.end == 10_000)
        #expect(zip(many, many.dropFirst()).allSatisfy { $0.end == $1.start })
    }

    @Test func `an export of split chunks is joined from the halves`() async throws {
        let harness = FunctionHarness()
        let job = try await harness.export(try await harness.asset())
        let keys = harness.keys(job)
        let late = FunctionHarness.context.deadline
        try await deliver(
            keys.request(.video(FrameRange(0, 300))), harness.with(Self.endless), now: { late })

        for frames in [FrameRange(0, 150), FrameRange(150, 300)] {
            try await harness.deliver(keys.request(.video(frames)).text, to: .renderChunk)
        }
        for unit in FunctionHarness.units.dropFirst() {
            try await harness.deliver(keys.request(unit).text, to: .renderChunk)
        }
        try await harness.deliver(keys.stitchRequest.text, to: .stitchExport)

        let result = try #require(try await harness.result(job))
        #expect(result.outcome == .completed)
        #expect(result.check?.seams == 2)
    }

    @Test func `a cancel ends a render at the next poll`() async throws {
        let plain = FunctionHarness()
        let job = try await plain.export(try await plain.asset())
        let keys = plain.keys(job)

        try await deliver(
            keys.request(.video(FrameRange(0, 300))), plain.with(Self.endless),
            onPoll: { _ = try await plain.call(.cancelExport, "DELETE", "/api/export/\(job)") })

        #expect(try await plain.result(job)?.outcome == .cancelled)
        #expect(try await !plain.memory.objectExists(keys.receipt(.video(FrameRange(0, 300)))))
    }

    @Test func `progress is the number of frames and never goes back`() async throws {
        let plain = FunctionHarness()
        let job = try await plain.export(try await plain.asset())
        let keys = plain.keys(job)
        let unit = RenderUnit.video(FrameRange(0, 300))
        // An earlier attempt had more frames done than this one.
        try await plain.memory.putObject(
            .bytes([UInt8](repeating: 0, count: 200)), at: keys.progress(unit),
            options: PutOptions())
        let polls = Mutex(0)

        try await deliver(
            keys.request(unit), plain.with(Self.endless),
            onPoll: {
                let count = polls.withLock {
                    $0 += 1; return $0
                }
                if count == 6 {
                    _ = try await plain.call(.cancelExport, "DELETE", "/api/export/\(job)")
                }
            })

        // The fake renderer reports half of 300 frames.
        #expect(try await plain.memory.headObject(keys.progress(unit)).bytes == 200)
    }

    @Test func `a chunk too short to split is tried again, then fails`() async throws {
        let plain = FunctionHarness()
        let job = try await plain.export(try await plain.asset())
        let keys = plain.keys(job)
        let short = keys.request(.video(FrameRange(0, 40)))
        let late = FunctionHarness.context.deadline

        for _ in 1...5 {
            await #expect(throws: (any Error).self) {
                try await deliver(short, plain.with(Self.endless), now: { late })
            }
        }
        try await deliver(short, plain.with(Self.endless), now: { late })

        #expect(
            try await plain.result(job)?.error
                == "The function reached its time limit.")
    }
}
