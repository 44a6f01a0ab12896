import Jobs
import MediaTime
import Testing
import TestSupport
import WallClock

/// A batch of two files and two variations each.
enum ListedBatch {
    static let id = BatchID("batch_1700000000000_a")!
    static let keys = BatchKeys(owner: OwnerID("ann")!, batch: id)

    static func record(isUpload: Bool = true, names: [String] = ["a.mp4", "b.mov"]) -> BatchRecord {
        BatchRecord(
            id: id,
            files: names.map { .init(assetID: $0, name: $0, bytes: 5, isUpload: isUpload) },
            variations: 2, seed: 1, priority: .normal)
    }

    /// The export of an output in this state.
    /// - Parameter framesDone: Of 600.
    static func member(
        _ state: ExportState, framesDone: Int = 0, error: String? = nil
    ) -> BatchMember {
        var export = ListedExport()
        if framesDone > 0 || state == .rendering {
            export.add(export.keys.progress(export.first), bytes: framesDone)
        }
        switch state {
        case .queued, .rendering: return BatchMember(export.listing, result: nil)
        case .stitching:
            for unit in [export.first, export.second, .audio] {
                export.add(export.keys.receipt(unit))
            }
            return BatchMember(export.listing, result: nil)
        case .completed:
            for unit in [export.first, export.second, .audio] {
                export.add(export.keys.receipt(unit))
            }
            return BatchMember(
                export.listing, result: ExportResult(outcome: .completed, finishedAt: 1))
        case .failed:
            return BatchMember(
                export.listing, result: ExportResult(outcome: .failed, finishedAt: 1, error: error))
        case .cancelled, .expired:
            return BatchMember(
                export.listing, result: ExportResult(outcome: .cancelled, finishedAt: 1))
        }
    }

    static func status(
        _ members: [BatchMember], result: BatchResult? = nil, isUpload: Bool = true
    ) -> BatchStatus {
        BatchStatus(record(isUpload: isUpload), members: members, result: result)
    }

    static func status(_ states: [ExportState]) -> BatchStatus { status(states.map { member($0) }) }
}

@Suite struct BatchStatusTests {
    @Test(arguments: [
        ([ExportState.queued, .queued, .queued, .queued], BatchState.queued),
        ([.rendering, .queued, .queued, .queued], .processing),
        ([.completed, .queued, .queued, .queued], .processing),
        ([.completed, .completed, .completed, .stitching], .processing),
        ([.failed, .failed, .failed, .queued], .processing),
        ([.completed, .completed, .completed, .completed], .complete),
        ([.completed, .failed, .completed, .completed], .complete),
        ([.completed, .cancelled, .failed, .cancelled], .complete),
        ([.failed, .failed, .failed, .failed], .failed),
        ([.failed, .cancelled, .cancelled, .failed], .failed),
        ([.cancelled, .cancelled, .cancelled, .cancelled], .cancelled),
    ])
    func `the state follows from the exports`(members: [ExportState], state: BatchState) {
        #expect(ListedBatch.status(members).state == state)
    }

    @Test func `the result decides over the exports`() {
        let end = BatchResult(state: .cancelled, finishedAt: 1, completeCount: 0, error: nil)
        let status = ListedBatch.status(
            [.member(.completed), .member(.completed), .member(.completed), .member(.rendering)],
            result: end)

        #expect(status.state == .cancelled)
        #expect(status.end(at: 2) == nil)
    }

    @Test func `progress counts a hundred for each completed output and the current one`() {
        let members = [
            ListedBatch.member(.completed), .member(.rendering, framesDone: 300),
            .member(.rendering, framesDone: 100), .member(.queued),
        ]
        let progress = ListedBatch.status(members).progress

        // Half the frames, without the audio's twentieth: 47.
        #expect(progress.percent == (100 + 47) / 4)
        #expect((progress.file, progress.variation) == ("a.mp4", 2))
    }

    @Test func `progress never goes back while outputs advance in any order`() {
        let steps: [(ExportState, Int)] = [
            (.queued, 0), (.rendering, 0), (.rendering, 200), (.rendering, 300), (.stitching, 0),
            (.completed, 0),
        ]
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2]] {
            var positions = [0, 0, 0, 0]
            var last = -1
            for _ in 0..<steps.count - 1 {
                for index in order {
                    positions[index] += 1
                    let members = positions.map {
                        ListedBatch.member(steps[$0].0, framesDone: steps[$0].1)
                    }
                    let percent = ListedBatch.status(members).progress.percent
                    #expect(percent >= last)
                    last = percent
                }
            }
            #expect(last == 100)
        }
    }

    @Test func `a cancelled output keeps its rendered share`() {
        let members = [
            ListedBatch.member(.completed), .member(.cancelled, framesDone: 300),
            .member(.cancelled), .member(.cancelled),
        ]

        let end = BatchResult(state: .cancelled, finishedAt: 1, completeCount: 1, error: nil)
        #expect(ListedBatch.status(members, result: end).progress.percent == (100 + 47) / 4)
    }

    @Test func `the error counts the failed outputs and quotes the first`() {
        let members = [
            ListedBatch.member(.completed), .member(.failed, error: "FFmpeg failed (code(1))"),
            .member(.completed), .member(.failed, error: "another"),
        ]
        let status = ListedBatch.status(members)

        #expect(status.error == "2 of 4 outputs failed. a_v2.mp4: FFmpeg failed (code(1))")
        #expect(
            status.end(at: 7)
                == BatchResult(
                    state: .complete, finishedAt: 7, completeCount: 2, error: status.error))
    }

    @Test func `outputs have unique names and consecutive jobs`() {
        let outputs = ListedBatch.record(names: ["../x.tar.gz", "x.tar.mov"]).outputs

        #expect(
            outputs.map(\.name)
                == ["x.tar_v1.mp4", "x.tar_v2.mp4", "x.tar_2_v1.mp4", "x.tar_2_v2.mp4"])
        #expect(outputs.map(\.job.text).last == "job_1700000000000_a003")
        #expect(outputs.map(\.file) == [0, 0, 1, 1])
    }

    @Test func `results are kept for a day`() {
        let record = ListedBatch.record()

        #expect(record.expiresAt - record.createdAt == .seconds(86_400))
    }
}

extension BatchMember {
    static func member(_ state: ExportState, framesDone: Int = 0, error: String? = nil)
        -> BatchMember
    {
        ListedBatch.member(state, framesDone: framesDone, error: error)
    }
}
