import MediaTime
package import RenderPlans
import Synchronization

/// The result of a successful check of an output file, stored in the export's record.
package struct SeamCheck: Hashable, Sendable, Codable {
    /// Frames in the file, all at their planned times.
    package var frames: Int
    /// Number of seams between chunks.
    package var seams: Int
    /// Number of seams around which frames were decoded.
    package var decodedSeams: Int
    /// Samples that a player plays; nil for an output without audio.
    package var audioSamples: Int?

    /// A check.
    package init(frames: Int, seams: Int, decodedSeams: Int, audioSamples: Int?) {
        self.frames = frames
        self.seams = seams
        self.decodedSeams = decodedSeams
        self.audioSamples = audioSamples
    }
}

extension MediaEngine {
    /// Checks a local output file against its plan.
    ///
    /// Every frame is present at exactly its time, decode times increase strictly, the audio
    /// has the planned length, and the frames around the seams decode without an error. A
    /// check that fails is made once more.
    /// - Throws: `.verificationFailed` with the first difference.
    package func verify(
        _ path: String, against plan: RenderPlan
    ) async throws(FFmpegError) -> SeamCheck {
        do {
            return try await verifyOnce(path, plan)
        } catch {
            guard error.code == .verificationFailed else { throw error }
            return try await verifyOnce(path, plan)
        }
    }

    private func verifyOnce(
        _ path: String, _ plan: RenderPlan
    ) async throws(FFmpegError) -> SeamCheck {
        try checkBoxes(of: path, plan.output)
        // The three checks are independent processes.
        async let packets = result { () async throws(FFmpegError) in
            try await verifyPackets(path, plan)
        }
        async let audio = result { () async throws(FFmpegError) in
            plan.output.hasAudio ? try await verifyAudio(path, plan) : nil
        }
        let decoded = await result { () async throws(FFmpegError) in
            try await verifyDecoding(path, plan)
        }
        try await packets.get()
        return SeamCheck(
            frames: plan.pictureFrames.count, seams: max(0, plan.chunks.count - 1),
            decodedSeams: try decoded.get(), audioSamples: try await audio.get())
    }

    /// The result of `body`, for an `async let`, which does not support typed errors.
    func result<Value: Sendable>(
        _ body: () async throws(FFmpegError) -> Value
    ) async -> Result<Value, FFmpegError> {
        do throws(FFmpegError) {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }

    /// Decodes the frames around the seams.
    /// - Returns: The number of seams that were checked.
    private func verifyDecoding(
        _ path: String, _ plan: RenderPlan
    ) async throws(FFmpegError) -> Int {
        let seams = plan.chunks.dropFirst().map(\.start)
        switch plan.output.format.kind {
        case .film:
            let chosen = Self.sample(seams, atMost: configuration.decodedSeamCountMax)
            try await decode(path, around: chosen, plan)
            return chosen.count
        case .animation, .still:
            // It was encoded as a whole, so it is decoded as a whole.
            try await decode(path, [FrameRange(0, plan.frameCount)], plan)
            return seams.count
        case .audio:
            return Self.sample(seams, atMost: configuration.decodedSeamCountMax).count
        }
    }

    /// Runs ffprobe over a file's packets with CSV output.
    /// - Parameter selection: The options that select streams and entries.
    func probePackets(
        _ path: String, _ selection: [String], onLine: ProcessOutput.LineHandler? = nil
    ) async throws(FFmpegError) -> FFmpegProcess.Outcome {
        let arguments =
            ["-v", "error", "-hide_banner"] + SourceInput.fence(path, configuration) + selection
            + ["-of", "csv=p=0", "-i", SourceInput.resource(path)]
        return try await FFmpegProcess(configuration: configuration)
            .run(configuration.ffprobePath, arguments, onLine: onLine)
    }

    private func verifyPackets(_ path: String, _ plan: RenderPlan) async throws(FFmpegError) {
        let kind = plan.output.format.kind
        guard kind == .film || kind == .animation else { return }
        let file = OutputFile(plan.output)
        let times = PacketTimes(frames: plan.frameCount, file: file)
        _ = try await probePackets(
            path,
            ["-select_streams", "v:0", "-show_entries", "stream=time_base:packet=pts,dts"],
            onLine: { times.read($0) })
        if let fault = times.fault { throw Self.fault(fault) }
    }

    private func verifyAudio(
        _ path: String, _ plan: RenderPlan
    ) async throws(FFmpegError) -> Int? {
        switch (plan.output.format, plan.output.audio.codec) {
        case (_, .opus), (_, .mp3): try await verifyPacketCount(path, plan)
        default: try await verifyDuration(path, plan)
        }
    }

    /// Checks the audio's length by its edit list, which removes the samples by which AAC
    /// rounds its coded length up to whole packets.
    /// - Returns: The samples that a player plays; nil without audio.
    private func verifyDuration(
        _ path: String, _ plan: RenderPlan
    ) async throws(FFmpegError) -> Int? {
        let outcome = try await probePackets(
            path,
            ["-select_streams", "a:0", "-show_entries", "stream=sample_rate,start_pts,duration_ts"])
        let text = String(decoding: outcome.output, as: UTF8.self)
        // A wav file has no start time; it starts at its first sample.
        let fields = text.split(whereSeparator: { "\n,".contains($0) })
            .compactMap { $0 == "N/A" ? 0 : Int($0) }
        guard !fields.isEmpty else {
            guard plan.audio.isEmpty else { throw Self.fault("The file has no audio.") }
            return nil
        }
        guard fields.count >= 3 else { throw Self.fault("The length of the audio is unknown.") }
        let tolerance = plan.output.audio.codec == .aac ? AudioFrame.sampleCount : 0
        guard fields[0] == plan.output.audio.sampleRate, fields[1] == 0,
            abs(fields[2] - plan.sampleCount) <= tolerance
        else {
            throw Self.fault(
                "The audio has \(fields[2]) samples from \(fields[1]) at \(fields[0]) Hz, "
                    + "planned \(plan.sampleCount) from 0 at \(plan.output.audio.sampleRate) Hz.")
        }
        return fields[2]
    }

    /// Checks the audio's length by its number of packets: Opus in webm and MP3 state no
    /// exact length except by the samples that a decoder skips at both ends.
    /// - Returns: The planned samples; nil without audio.
    private func verifyPacketCount(
        _ path: String, _ plan: RenderPlan
    ) async throws(FFmpegError) -> Int? {
        let packet = plan.output.audio.codec == .opus ? 960 : 1_152
        // Opus: 312 samples of pre-skip (RFC 7845, 4.2; the value of libopus). MP3: 576 of
        // the encoder and 529 of every decoder.
        let delay = plan.output.audio.codec == .opus ? 312 : 1_105
        let outcome = try await probePackets(
            path,
            ["-count_packets", "-select_streams", "a:0", "-show_entries"]
                + ["stream=sample_rate,nb_read_packets"])
        let text = String(decoding: outcome.output, as: UTF8.self)
        let fields = text.split(whereSeparator: { "\n,".contains($0) }).compactMap { Int($0) }
        guard fields.count >= 2 else {
            guard plan.audio.isEmpty else { throw Self.fault("The file has no audio.") }
            return nil
        }
        let spare = fields[1] * packet - delay - plan.sampleCount
        guard fields[0] == plan.output.audio.sampleRate, (0..<2 * packet).contains(spare) else {
            throw Self.fault(
                "The audio has \(fields[1]) packets at \(fields[0]) Hz, planned "
                    + "\(plan.sampleCount) samples at \(plan.output.audio.sampleRate) Hz.")
        }
        return plan.sampleCount
    }

    private static func sample(_ seams: [Int], atMost limit: Int) -> [Int] {
        guard seams.count > limit, limit > 0 else { return limit > 0 ? seams : [] }
        return (0..<limit).map { seams[$0 * seams.count / limit] }
    }

    static func fault(_ detail: String) -> FFmpegError {
        FFmpegError(.verificationFailed, detail)
    }
}

/// A check of packet times: every planned frame once, at its tick, in decode order.
final class PacketTimes: Sendable {
    private struct State {
        var seen: [Bool]
        var count = 0
        var lastDecodeTime = Int.min
        var timeBase = ""
        var fault: String?
    }

    private let state: Mutex<State>
    private let file: OutputFile

    init(frames: Int, file: OutputFile) {
        state = Mutex(State(seen: Array(repeating: false, count: frames)))
        self.file = file
    }

    /// The first difference from the plan, once all packets are read.
    var fault: String? {
        state.withLock { state in
            guard state.timeBase == "1/\(file.ticksPerSecond)" else {
                return "The video's time base is \(state.timeBase), planned"
                    + " 1/\(file.ticksPerSecond)."
            }
            return state.fault
                ?? state.seen.firstIndex(of: false).map {
                    "Frame \($0) is missing: the file has \(state.count) of "
                        + "\(state.seen.count) frames."
                }
        }
    }

    /// Reads a line: `pts,dts` of a packet, or the stream's time base, `1/15360`.
    func read(_ line: String) {
        if line.contains("/") {
            let text = line.split(separator: ",").first.map(String.init) ?? ""
            return state.withLock { $0.timeBase = text }
        }
        let fields = line.split(separator: ",").map { Int($0) }
        guard !fields.isEmpty else { return }
        state.withLock { state in
            guard state.fault == nil else { return }
            guard fields.count >= 2, let shown = fields[0], let decoded = fields[1] else {
                state.fault = "A packet has no timestamp: \(line)."
                return
            }
            let frame = file.frame(at: shown) ?? -1
            if !state.seen.indices.contains(frame) || state.seen[frame] {
                state.fault = "A frame is shown at tick \(shown), where none is planned."
            } else if decoded <= state.lastDecodeTime {
                state.fault = "The decode time \(decoded) does not increase."
            } else {
                state.seen[frame] = true
                state.count += 1
                state.lastDecodeTime = decoded
            }
        }
    }
}
