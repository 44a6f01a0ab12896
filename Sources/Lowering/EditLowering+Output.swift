import EditFormats
import JSON
import MediaTime
import RenderPlans

extension EditLowering {
    /// The exported frames of the timeline; reports a range without frames.
    mutating func exported(of frameCount: Int) -> FrameRange? {
        if settings.format.kind == .still { return stillFrame(of: frameCount) }
        let rate = settings.frameRate
        guard let range = edit.output.range else { return FrameRange(0, frameCount) }
        let start = (range.start.value * rate).rounded
        let end = range.length.map { ((range.start.value + $0) * rate).rounded } ?? frameCount
        guard start < frameCount else {
            reader.report("is beyond the end of the timeline", at: range.start.pointer)
            return nil
        }
        guard start < end else {
            reader.report("contains no frame of the timeline", at: range.start.pointer)
            return nil
        }
        return FrameRange(start, min(end, frameCount))
    }

    /// The frame at the time of the still; reports a time beyond the end of the timeline.
    private mutating func stillFrame(of frameCount: Int) -> FrameRange? {
        guard let still = edit.output.still else { return FrameRange(0, 1) }
        let frame = (still.value * settings.frameRate).floor
        guard frame < frameCount else {
            reader.report("is beyond the end of the timeline", at: still.pointer)
            return nil
        }
        return FrameRange(frame, frame + 1)
    }

    /// Drops content that the format cannot hold, so that its sources are not read.
    mutating func dropUnsupportedContent(_ plan: inout RenderPlan) {
        let format = plan.output.format
        if !format.hasAudio { plan.audio = [] }
        // Caption files may be requested with audio alone.
        if !format.hasPicture { plan.layers = plan.layers.compactMap(\.captionsAlone) }
        if format.kind == .animation, plan.frameCount > Limits.gifFrameCountMax {
            reader.report(
                "makes a GIF of \(plan.frameCount) frames; at most \(Limits.gifFrameCountMax) are"
                    + " allowed",
                at: edit.output.pointer.appending("format"))
        }
    }
}
