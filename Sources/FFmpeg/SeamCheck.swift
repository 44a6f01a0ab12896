package import Editing
import Synchronization

/// What was found right about a finished file; kept in the job's record.
package struct SeamCheck: Hashable, Sendable, Codable {
    /// Frames in the file, all at their planned times.
    package var frames: Int
    /// Seams between chunks.
    package var seams: Int
    /// Seams around which frames were decoded.
    package var decodedSeams: Int
    /// Samples of sound that play, nil for a silent film.
    package var audioSamples: Int?

    /// A check with all its parts.
    package init(frames: Int, seams: Int, decodedSeams: Int, audioSamples: Int?) {
        self.frames = frames
        self.seams = seams
        self.decodedSeams = decodedSeams
        self.audioSamples = audioSamples
    }
}

extension MediaEngine {
    /// Checks a finished local file against its plan: every frame there, at
    /// exactly its time, decode times strictly growing, sound as long as
    /// planned, and the frames around the seams decode without an error.
    /// - Throws: `.verificationFailed` with the first fault.
    package func verify(
        _ path: String, against plan: RenderPlan
    ) async throws(FFmpegError) -> SeamCheck {
        try await verifyPackets(path, plan)
        let samples = try await verifySound(path, plan)
        let seams = plan.chunks.dropFirst().map(\.start)
        let chosen = Self.sample(seams, atMost: configuration.decodedSeamsMaximum)
        for seam in chosen { try await decode(path, around: seam, plan) }
        return SeamCheck(
            frames: plan.frameCount, seams: seams.count, decodedSeams: chosen.count,
            audioSamples: samples)
    }

    private func probePackets(
        _ path: String, _ selection: [String], onLine: ProcessOutput.LineHandler? = nil
    ) async throws(FFmpegError) -> FFmpegProcess.Outcome {
        let arguments =
            ["-v", "error", "-hide_banner"] + SourceInput.fence(path, configuration) + selection
            + ["-of", "csv=p=0", "-i", SourceInput.resource(path)]
        return try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffprobePath, arguments, onLine: onLine)
    }

    private func verifyPackets(_ path: String, _ plan: RenderPlan) async throws(FFmpegError) {
        let tick = EncodeArguments.ticksPerFrame(plan.output.frameRate)
        let times = PacketTimes(frames: plan.frameCount, ticksPerFrame: tick)
        let base = try await probePackets(
            path, ["-select_streams", "v:0", "-show_entries", "stream=time_base"])
        let text = String(decoding: base.output, as: UTF8.self)
        let scale = EncodeArguments.timescale(plan.output.frameRate)
        guard text.split(whereSeparator: { "\n,".contains($0) }).first == "1/\(scale)" else {
            throw Self.fault("The video's time base is \(text.prefix(20)), planned 1/\(scale).")
        }
        _ = try await probePackets(
            path, ["-select_streams", "v:0", "-show_entries", "packet=pts,dts"],
            onLine: { times.read($0) })
        if let fault = times.fault { throw Self.fault(fault) }
    }

    /// Samples that play: AAC rounds its coded length up to whole packets, and
    /// the edit list takes the rest away again.
    private func verifySound(
        _ path: String, _ plan: RenderPlan
    ) async throws(FFmpegError) -> Int? {
        let outcome = try await probePackets(
            path,
            ["-select_streams", "a:0", "-show_entries", "stream=sample_rate,start_pts,duration_ts"])
        let text = String(decoding: outcome.output, as: UTF8.self)
        let fields = text.split(whereSeparator: { "\n,".contains($0) }).compactMap { Int($0) }
        guard !fields.isEmpty else {
            guard plan.audio.isEmpty else { throw Self.fault("The film has no sound.") }
            return nil
        }
        guard fields.count >= 3 else { throw Self.fault("The sound's length is unknown.") }
        let tolerance = plan.output.audio.codec == .aac ? 1_024 : 0
        guard fields[0] == plan.output.audio.sampleRate, fields[1] == 0,
            abs(fields[2] - plan.sampleCount) <= tolerance
        else {
            throw Self.fault(
                "The sound has \(fields[2]) samples from \(fields[1]) at \(fields[0]) Hz, "
                    + "planned \(plan.sampleCount) from 0 at \(plan.output.audio.sampleRate) Hz.")
        }
        return fields[2]
    }

    /// Decodes some frames before and after a seam and accepts no error.
    private func decode(
        _ path: String, around seam: Int, _ plan: RenderPlan
    ) async throws(FFmpegError) {
        let from = max(0, seam - 3)
        let wanted = min(plan.frameCount, seam + 3) - from
        // Half a frame early, so that rounding cannot lose the first.
        let time = max(.zero, (Rational(from) - Rational(1, 2)) / plan.output.frameRate)
        let arguments =
            globalArguments + Self.progressArguments
            + SourceInput(
                url: path, format: "mov",
                options: [
                    "-err_detect", "explode", "-an", "-ss", time.sixDecimals,
                ]
            ).arguments(configuration)
            + ["-map", "0:v:0", "-frames:v", "\(wanted)", "-xerror", "-f", "null", "-"]
        let counts = FrameCounts(expected: 0, report: { _ in })
        let outcome: FFmpegProcess.Outcome
        do {
            outcome = try await FFmpegProcess(configuration: configuration)
                .run(configuration.ffmpegPath, arguments, onLine: { counts.read($0) })
        } catch {
            guard error.code != .cancelled else { throw error }
            throw Self.fault("The seam at frame \(seam) does not decode: \(error.detail)")
        }
        guard counts.totals.written == wanted, outcome.errors.isEmpty else {
            throw Self.fault(
                "At the seam at frame \(seam) \(counts.totals.written) of \(wanted) frames "
                    + "decode: \(FFmpegProcess.lastLine(outcome.errors)).")
        }
    }

    private static func sample(_ seams: [Int], atMost limit: Int) -> [Int] {
        guard seams.count > limit, limit > 0 else { return limit > 0 ? seams : [] }
        return (0..<limit).map { seams[$0 * seams.count / limit] }
    }

    private static func fault(_ detail: String) -> FFmpegError {
        FFmpegError(.verificationFailed, detail)
    }
}

/// Ticks off each frame as its packet comes by.
final class PacketTimes: Sendable {
    private struct State {
        var seen: [Bool]
        var count = 0
        var lastDecodeTime = Int.min
        var fault: String?
    }

    private let state: Mutex<State>
    private let ticksPerFrame: Int

    init(frames: Int, ticksPerFrame: Int) {
        state = Mutex(State(seen: Array(repeating: false, count: frames)))
        self.ticksPerFrame = ticksPerFrame
    }

    /// The first thing that is wrong, once all packets are read.
    var fault: String? {
        state.withLock { state in
            state.fault
                ?? state.seen.firstIndex(of: false).map {
                    "Frame \($0) is missing: the file has \(state.count) of "
                        + "\(state.seen.count) frames."
                }
        }
    }

    /// Reads `pts,dts` of one packet.
    func read(_ line: String) {
        let fields = line.split(separator: ",").map { Int($0) }
        guard !fields.isEmpty else { return }
        state.withLock { state in
            guard state.fault == nil else { return }
            guard fields.count >= 2, let shown = fields[0], let decoded = fields[1] else {
                state.fault = "A packet has no time: \(line)."
                return
            }
            let (frame, rest) = shown.quotientAndRemainder(dividingBy: ticksPerFrame)
            if rest != 0 || !state.seen.indices.contains(frame) || state.seen[frame] {
                state.fault = "A frame stands at tick \(shown), where none is planned."
            } else if decoded <= state.lastDecodeTime {
                state.fault = "The decode time \(decoded) does not grow."
            } else {
                state.seen[frame] = true
                state.count += 1
                state.lastDecodeTime = decoded
            }
        }
    }
}
