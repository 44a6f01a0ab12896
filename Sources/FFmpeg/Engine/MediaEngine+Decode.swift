import MediaTime
import RenderPlans
import Synchronization

extension MediaEngine {
    /// Decodes the frames around each seam.
    /// - Throws: `.verificationFailed` at the first decoding error, or the code of a process
    ///   that did not finish.
    func decode(
        _ path: String, around seams: [Int], _ plan: RenderPlan
    ) async throws(FFmpegError) {
        let ranges = Self.ranges(
            around: seams, of: plan.frameCount,
            near: (plan.output.frameRate * Rational(2)).rounded)
        // Each range has a decoder that holds up to 16 frames.
        let pixels = max(1, plan.output.width * plan.output.height)
        let together = max(1, min(8, Self.decodedPixelsMax / (16 * pixels)))
        // Two runs at a time: a stitch is alone in its function, which has two cores.
        let runs = 2 * ((ranges.count + together - 1) / together)
        let size = max(1, (ranges.count + runs - 1) / max(1, runs))
        let groups = stride(from: 0, to: ranges.count, by: size).map {
            Array(ranges[$0..<min($0 + size, ranges.count)])
        }
        for first in stride(from: 0, to: groups.count, by: 2) {
            async let other = result { () async throws(FFmpegError) in
                guard first + 1 < groups.count else { return }
                try await decodeGroup(path, groups[first + 1], plan)
            }
            try await decodeGroup(path, groups[first], plan)
            try await other.get()
        }
    }

    private func decodeGroup(
        _ path: String, _ group: [FrameRange], _ plan: RenderPlan
    ) async throws(FFmpegError) {
        do {
            try await decode(path, group, plan)
        } catch {
            guard error.code == .verificationFailed, group.count > 1 else { throw error }
            // One at a time, so that the error names the range that failed.
            for range in group { try await decode(path, [range], plan) }
            throw error
        }
    }

    /// Pixels that the decoders of one run may hold: 400 MB in 4:2:0.
    private static let decodedPixelsMax = 16 * 16_777_216

    /// Three frames on either side of each seam; ranges at most `near` frames apart are
    /// merged, since a decoder starts at the keyframe before them anyway.
    static func ranges(around seams: [Int], of frameCount: Int, near: Int) -> [FrameRange] {
        var ranges: [FrameRange] = []
        for seam in seams {
            let (start, end) = (max(0, seam - 3), min(frameCount, seam + 3))
            if let last = ranges.last, start - last.end <= near {
                ranges[ranges.count - 1] = FrameRange(last.start, max(last.end, end))
            } else {
                ranges.append(FrameRange(start, end))
            }
        }
        return ranges
    }

    /// Decodes ranges of a file in one run, each with its own decoder.
    func decode(
        _ path: String, _ ranges: [FrameRange], _ plan: RenderPlan
    ) async throws(FFmpegError) {
        guard !ranges.isEmpty else { return }
        let file = OutputFile(plan.output)
        var arguments = globalArguments
        for range in ranges {
            // Half a frame early, so that rounding cannot skip the first frame.
            let time = (Rational(range.start) - Rational(1, 2)) / plan.output.frameRate
            // Longer than the range: without a limit FFmpeg may keep decoding an input
            // after its output is complete (measured).
            let length = Rational(range.count) / plan.output.frameRate + Rational(1)
            let input = SourceInput(
                url: path, format: file.demuxer,
                options: ["-err_detect", "explode", "-skip_loop_filter", "all", "-an"]
                    + (range.start > 0 ? ["-ss", time.sixDecimals] : [])
                    + ["-t", length.sixDecimals])
            arguments += input.arguments(configuration)
        }
        // One output file for each range: the first stream with all its frames ends the
        // other streams of its file. A corner of each frame is enough to count it.
        for (index, range) in ranges.enumerated() {
            arguments += ["-map", "\(index):v:0", "-frames:v", "\(range.count)"]
            arguments += ["-filter:v", "crop=2:2:0:0", "-fps_mode", "passthrough"]
            arguments += ["-enc_time_base", "1/\(file.ticksPerSecond)", "-xerror"]
            arguments += ["-flush_packets", "1", "-f", "framecrc", "pipe:1"]
        }

        let decoded = Atomic(0)
        let subject = Self.subject(ranges, plan)
        let outcome: FFmpegProcess.Outcome
        do {
            outcome = try await FFmpegProcess(configuration: configuration)
                .run(
                    configuration.ffmpegPath, arguments,
                    onLine: { line in
                        if !line.hasPrefix("#") { decoded.add(1, ordering: .relaxed) }
                    })
        } catch {
            // Only FFmpeg's own verdict is one about the file: a killed process says nothing.
            guard error.isVerdict else { throw error }
            throw Self.fault("\(subject) does not decode: \(error.detail)")
        }
        let wanted = ranges.reduce(0) { $0 + $1.count }
        let count = decoded.load(ordering: .relaxed)
        guard count == wanted, outcome.errors.isEmpty else {
            throw Self.fault(
                "\(subject) decodes to \(count) of \(wanted) frames: "
                    + "\(FFmpegFailure.lastLine(outcome.errors)).")
        }
    }

    private static func subject(_ ranges: [FrameRange], _ plan: RenderPlan) -> String {
        if ranges == [FrameRange(0, plan.frameCount)] { return "The video" }
        let names = ranges.map { "\($0.start) to \($0.end)" }.joined(separator: ", ")
        return "The seam at frames \(names)"
    }
}
