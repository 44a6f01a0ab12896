import MediaTime
import RenderPlans
import Synchronization

extension MediaEngine {
    /// Decodes some frames before and after each seam and accepts no error.
    func decode(
        _ path: String, around seams: [Int], _ plan: RenderPlan
    ) async throws(FFmpegError) {
        let stretches = Self.stretches(
            around: seams, of: plan.frameCount,
            near: (plan.output.frameRate * Rational(2)).rounded)
        // Each stretch has a decoder with its pictures (16 of them at most).
        let pixels = max(1, plan.output.width * plan.output.height)
        let together = max(1, min(8, Self.decodedPixelsMax / (16 * pixels)))
        // Two runs at a time, so that a stitch, which is alone, has use of two cores.
        let runs = 2 * ((stretches.count + together - 1) / together)
        let size = max(1, (stretches.count + runs - 1) / max(1, runs))
        let groups = stride(from: 0, to: stretches.count, by: size).map {
            Array(stretches[$0..<min($0 + size, stretches.count)])
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
            // Each by itself, so that the error names the one at fault.
            for stretch in group { try await decode(path, [stretch], plan) }
            throw error
        }
    }

    /// Pixels that the decoders of one run hold: 400 MB in 4:2:0.
    private static let decodedPixelsMax = 16 * 16_777_216

    /// Three frames on either side of each seam; those close together in one,
    /// since a decoder must come from the keyframe before anyway.
    static func stretches(around seams: [Int], of frameCount: Int, near: Int) -> [FrameRange] {
        var stretches: [FrameRange] = []
        for seam in seams {
            let (start, end) = (max(0, seam - 3), min(frameCount, seam + 3))
            if let last = stretches.last, start - last.end <= near {
                stretches[stretches.count - 1] = FrameRange(last.start, max(last.end, end))
            } else {
                stretches.append(FrameRange(start, end))
            }
        }
        return stretches
    }

    /// Decodes stretches of a film in one run, each by a decoder of its own.
    func decode(
        _ path: String, _ stretches: [FrameRange], _ plan: RenderPlan
    ) async throws(FFmpegError) {
        guard !stretches.isEmpty else { return }
        let file = OutputFile(plan.output)
        var arguments = globalArguments
        for stretch in stretches {
            // Half a frame early, so that rounding cannot lose the first.
            let time = (Rational(stretch.start) - Rational(1, 2)) / plan.output.frameRate
            // Longer than the stretch; without an end FFmpeg may decode an
            // input on when its output has all it wants (measured).
            let length = Rational(stretch.count) / plan.output.frameRate + Rational(1)
            let input = SourceInput(
                url: path, format: file.demuxer,
                options: ["-err_detect", "explode", "-skip_loop_filter", "all", "-an"]
                    + (stretch.start > 0 ? ["-ss", time.sixDecimals] : [])
                    + ["-t", length.sixDecimals])
            arguments += input.arguments(configuration)
        }
        // Files of their own, for the first stream that has its frames ends all
        // streams of its file. A corner of each frame is enough to count it.
        for (index, stretch) in stretches.enumerated() {
            arguments += ["-map", "\(index):v:0", "-frames:v", "\(stretch.count)"]
            arguments += ["-filter:v", "crop=2:2:0:0", "-fps_mode", "passthrough"]
            arguments += ["-enc_time_base", "1/\(file.ticksPerSecond)", "-xerror"]
            arguments += ["-flush_packets", "1", "-f", "framecrc", "pipe:1"]
        }

        let decoded = Atomic(0)
        let subject = Self.subject(stretches, plan)
        let outcome: FFmpegProcess.Outcome
        do {
            outcome = try await FFmpegProcess(configuration: configuration)
                .run(
                    configuration.ffmpegPath, arguments,
                    onLine: { line in
                        if !line.hasPrefix("#") { decoded.add(1, ordering: .relaxed) }
                    })
        } catch {
            guard error.code != .cancelled else { throw error }
            throw Self.fault("\(subject) does not decode: \(error.detail)")
        }
        let wanted = stretches.reduce(0) { $0 + $1.count }
        let count = decoded.load(ordering: .relaxed)
        guard count == wanted, outcome.errors.isEmpty else {
            throw Self.fault(
                "\(subject) has \(count) of \(wanted) frames that decode: "
                    + "\(FFmpegFailure.lastLine(outcome.errors)).")
        }
    }

    private static func subject(_ stretches: [FrameRange], _ plan: RenderPlan) -> String {
        if stretches == [FrameRange(0, plan.frameCount)] { return "The picture" }
        let names = stretches.map { "\($0.start) to \($0.end)" }.joined(separator: ", ")
        return "The seam at frames \(names)"
    }
}
