import Jobs
import ObjectStore
import Testing
import TestSupport
import WallClock

@Suite struct BatchDecisionTests {
    private static let completed = [ExportState](repeating: .completed, count: 4)
    private static let mixed: [ExportState] = [.completed, .rendering, .queued, .cancelled]

    private func facts(
        _ states: [ExportState], end: BatchState? = nil, isUpload: Bool = true
    ) -> BatchObservation {
        let result = end.map {
            BatchResult(state: $0, finishedAt: 1, completeCount: 0, error: nil)
        }
        return BatchObservation(
            status: ListedBatch.status(
                states.map { .member($0) }, result: result, isUpload: isUpload),
            hasResult: end != nil, isStarted: true, now: 100_000)
    }

    @Test func `a batch without a record loses its marker`() {
        let facts = BatchObservation(status: nil, now: 1)

        #expect(BatchDecision.actions(for: facts) == [.removeMarker])
    }

    @Test func `a batch writes its exports at its turn, and once`() {
        var waiting = facts([.queued, .queued, .queued, .queued])
        waiting.isStarted = false
        #expect(BatchDecision.actions(for: waiting) == [.writeExports])

        waiting.hasTurn = false
        #expect(BatchDecision.actions(for: waiting) == [])

        #expect(BatchDecision.actions(for: facts(Self.mixed)) == [])
    }

    @Test func `the last export ends the batch and requests the next`() {
        let end = BatchResult(state: .complete, finishedAt: 100_000, completeCount: 4, error: nil)

        #expect(
            BatchDecision.actions(for: facts(Self.completed)) == [.finish(end), .requestNext])
    }

    @Test func `a batch that is not finished when its results expire is cancelled`() {
        var late = facts(Self.mixed)
        late.now = ListedBatch.record().expiresAt - .milliseconds(1)
        #expect(BatchDecision.actions(for: late) == [])

        late.now = ListedBatch.record().expiresAt
        let end = BatchResult(
            state: .cancelled, finishedAt: late.now, completeCount: 1,
            error: "The batch did not finish within 24 hours.")
        #expect(BatchDecision.actions(for: late) == [.finish(end), .requestNext])
    }

    @Test func `a cancelled batch cancels what still runs`() {
        #expect(
            BatchDecision.actions(for: facts(Self.mixed, end: .cancelled))
                == [.cancelExports([1, 2]), .requestNext])
    }

    @Test func `uploads are deleted unless another batch uses them`() {
        var ended = facts(Self.completed, end: .complete)
        #expect(BatchDecision.actions(for: ended) == [.deleteUploads, .removeMarker])

        ended.areUploadsAwaited = true
        #expect(BatchDecision.actions(for: ended) == [])
    }

    @Test func `a batch of kept assets ends at once`() {
        let ended = facts(Self.completed, end: .complete, isUpload: false)

        #expect(BatchDecision.actions(for: ended) == [.removeMarker])
    }

    private func candidate(
        _ time: Int, _ priority: BatchPriority = .normal, isStarted: Bool = false
    ) throws -> BatchTurn.Candidate {
        BatchTurn.Candidate(
            batch: try #require(BatchID("batch_\(1_700_000_000_000 + time)_a")),
            priority: priority, isStarted: isStarted)
    }

    @Test func `equal batches take their turns in the order of their requests`() throws {
        let all = try [candidate(2), candidate(1), candidate(3)]

        let turns = all.map { BatchTurn.has($0.batch, among: all, concurrency: 1) }
        #expect(turns == [false, true, false])
        let two = all.map { BatchTurn.has($0.batch, among: all, concurrency: 2) }
        #expect(two == [true, true, false])
        let unlimited = all.map { BatchTurn.has($0.batch, among: all, concurrency: 0) }
        #expect(unlimited == [true, true, true])
    }

    @Test func `a priority passes waiting batches, not a started one`() throws {
        let all = try [
            candidate(1, .background, isStarted: true), candidate(2, .normal),
            candidate(3, .interactive), candidate(4, .background),
        ]
        func order(_ concurrency: Int) -> [Bool] {
            all.map { BatchTurn.has($0.batch, among: all, concurrency: concurrency) }
        }

        #expect(order(1) == [true, false, false, false])
        #expect(order(2) == [true, false, true, false])
        #expect(order(3) == [true, true, true, false])
    }

    @Test func `a batch is listed before its exports and between its neighbours`() throws {
        let keys = ListedBatch.keys
        let export = keys.export(at: 0)
        let older = ExportKeys(
            owner: keys.owner, job: try #require(JobID("job_1699999999999_z")))
        let newer = ExportKeys(
            owner: keys.owner, job: try #require(JobID("job_1700000000001_a")))
        let sorted = [older.recent, keys.recent(of: export), keys.recent, newer.recent].sorted()

        #expect(sorted == [newer.recent, keys.recent, keys.recent(of: export), older.recent])
        #expect(keys.recent(of: export).text < RecentEntry.end(of: keys))
        #expect(RecentEntry.end(of: keys) < older.recent.text)
        #expect(sorted.map { RecentEntry($0)?.key } == sorted)
        #expect(ExportKeys.parseRecent(keys.recent) == nil)
        #expect(ExportKeys.parseRecent(keys.recent(of: export)) == export)
    }

    @Test func `keys of a batch are found again`() {
        let keys = ListedBatch.keys

        #expect(BatchKeys(advanceRequest: keys.advanceRequest) == keys)
        #expect(BatchKeys(advanceRequest: keys.record) == nil)
        #expect(keys.export(at: 12).prefix.hasPrefix(keys.exportsPrefix))
        #expect(keys.export(at: 12).job.text == "job_1700000000000_a012")
        for text in ["batch_", "batch_1_", "batch_x_a", "job_1_a", "batch_1_a_b", "batch_1_A"] {
            #expect(BatchID(text) == nil)
        }
    }
}
