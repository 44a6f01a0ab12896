import Editing
import FFmpeg
import Jobs

/// The frames of a chunk that were finished when its renderer's time had run out.
struct FinishedPart: Sendable {
    /// Of the finished frames.
    let unit: RenderUnit
    /// Ranges of the other frames, in time order.
    let rest: [FrameRange]
    let report: RenderReport
    /// Puts them at their address.
    let rendering: UnitRendering

    var plan: RenderPlan { rendering.jobs[0].plan }

    /// Fewer frames are not worth a chunk.
    static let fewestFrames = 24
    /// What is stored of it in a millisecond of the time that is left: half of what a
    /// function of a cloud was found to send.
    static let bytesPerMillisecond = 40_000
    /// Kept for the records that are written after it.
    static let recordMilliseconds = 1_000
    /// Parts of the rest, at most.
    static let mostParts = 16

    /// The rest in even parts of no more frames than were finished.
    static func rest(of frames: FrameRange, after count: Int) -> [FrameRange] {
        let (start, left) = (frames.start + count, frames.count - count)
        let parts = min(mostParts, (left + count - 1) / count)
        return (0..<parts).map {
            FrameRange(start + left * $0 / parts, start + left * ($0 + 1) / parts)
        }
    }
}

extension UnitRendering {
    /// What is left of one export's pictures; nil where it is too little, or all, or
    /// more than can be stored in the time.
    func finishedPart(
        with renderer: any MediaRenderer, scratch: String, owner: OwnerID,
        milliseconds: () -> Int
    ) async throws -> FinishedPart? {
        guard jobs.count == 1, case .video(let frames) = unit,
            let report = try await renderer.finishedPart(
                of: frames, in: jobs[0].plan, at: path(0, in: scratch)),
            FinishedPart.fewestFrames <= report.frames, report.frames < frames.count,
            report.bytes / FinishedPart.bytesPerMillisecond + FinishedPart.recordMilliseconds
                <= milliseconds()
        else { return nil }
        let finished = FrameRange(frames.start, frames.start + report.frames)
        let target = UnitTarget(
            .video(finished), of: jobs[0].plan, renderer: renderer,
            version: try await renderer.version(), owner: owner)
        let job = UnitJob(keys: jobs[0].keys, plan: jobs[0].plan, target: target)
        return FinishedPart(
            unit: .video(finished), rest: FinishedPart.rest(of: frames, after: report.frames),
            report: report,
            rendering: UnitRendering(
                unit: .video(finished), jobs: [job], sourceURLs: sourceURLs))
    }
}
