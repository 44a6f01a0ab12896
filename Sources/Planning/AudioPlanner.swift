package import MediaTime
package import RenderPlans

/// Cuts the audio of a film into pieces that are mixed and encoded at the same time.
///
/// A piece is a range of AAC frames: the packets of the finished audio, of which the first
/// holds the encoder's delay. A mix in the middle of a film decodes its clips from their
/// in-points on. Pieces are therefore made only if instances would otherwise wait for the
/// audio, and only within the extra work that `Cost.extraShareMax` allows.
package struct AudioPlanner: Hashable, Sendable {
    /// Maximum units that render at the same time.
    package var concurrency: Int
    /// Time limit of the function that renders one unit.
    package var functionTimeMax: Duration

    /// Creates a planner.
    /// - Precondition: Both arguments are at least 1.
    package init(concurrency: Int, functionTimeMax: Duration) {
        precondition(
            concurrency >= 1 && functionTimeMax >= .seconds(1), "a planner has something to plan")
        (self.concurrency, self.functionTimeMax) = (concurrency, functionTimeMax)
    }

    /// The cost of audio, measured with FFmpeg 5.1 (docs/benchmarks.md).
    package enum Cost {
        /// CPU time to encode one second of stereo: 0.011 for noise, 0.060 for a pure tone.
        package static let encodedSeconds = 0.030
        /// CPU time to mix in one second of a clip.
        package static let mixedSeconds = 0.002
        /// CPU time to decode and discard one second of a clip: 0.0006 for AAC, 0.0018 for
        /// Opus.
        package static let skippedSeconds = 0.002
        /// Read rate of a film whose audio cannot be read without its video.
        package static let bytesPerSecond = 80e6
        /// Maximum work that pieces may add, as a share of the work of one unit.
        package static let extraShareMax = 0.5
    }

    /// Minimum length of a piece, in seconds.
    static let pieceSecondsMin = 60.0
    /// Grid of the borders, in audio frames: a change near the end moves few borders.
    static let gridAudioFrames = 512

    /// The audio frames of each piece, in order; nil if the audio is one unit.
    package func pieces(of plan: RenderPlan) -> [AudioFrameRange]? {
        guard plan.output.hasAudio, plan.output.audio.codec == .aac,
            !plan.output.isStreamed
        else { return nil }
        let frames = Self.frameCount(of: plan)
        var count = wantedCount(plan)
        let minimum = pieceCountMin(plan)
        while count > minimum, extraSeconds(plan, frames, count) > Self.extraShareMax(plan) {
            count = max(minimum, min(count - 1, count * 7 / 8))
        }
        let pieces = Self.tiles(frames, count)
        return pieces.count > 1 ? pieces : nil
    }

    /// The number of packets of the whole audio.
    package static func frameCount(of plan: RenderPlan) -> Int {
        (plan.sampleCount + AudioFrame.sampleCount - 1) / AudioFrame.sampleCount + 1
    }

    /// Equal pieces on the grid. The remainder is a separate piece only if it is at least
    /// half of one.
    private static func tiles(_ frames: Int, _ count: Int) -> [AudioFrameRange] {
        let even = (frames + count - 1) / count
        let length = (even + gridAudioFrames - 1) / gridAudioFrames * gridAudioFrames
        var starts = Array(stride(from: 0, to: frames, by: length))
        if let last = starts.last, starts.count > 1, frames - last < length / 2 {
            starts.removeLast()
        }
        return zip(starts, starts.dropFirst() + [frames]).map { AudioFrameRange($0, $1) }
    }

    /// The number of pieces with which no instance waits for the audio.
    private func wantedCount(_ plan: RenderPlan) -> Int {
        let audio = Self.seconds(plan)
        let rate = plan.output.frameRate.doubleValue
        let second =
            Double(plan.output.width * plan.output.height) * rate
            * EncoderCost.nanosecondsPerPixel(plan.output.video) / 1e9
        let picture = Double(plan.pictureFrames.count) / rate * second
        let chunk = Double(plan.chunks.map(\.count).max() ?? 0) / rate * second
        let lengthMin = Self.pieceSecondsMin * audio / Self.filmSeconds(plan)
        let each = max(chunk / 2, picture / Double(concurrency) / 4, lengthMin)
        return max(pieceCountMin(plan), min(concurrency, Int((audio / each).rounded(.up))))
    }

    /// The minimum number of pieces that each fit into the function's time limit.
    private func pieceCountMin(_ plan: RenderPlan) -> Int {
        let limit = (functionTimeMax / .seconds(1)) * ChunkPlanner.Cost.deadlineShare
        return max(1, Int((Self.seconds(plan) / limit).rounded(.up)))
    }

    private static func filmSeconds(_ plan: RenderPlan) -> Double {
        Double(plan.frameCount) / plan.output.frameRate.doubleValue
    }

    /// CPU time of the audio as one unit, in seconds.
    private static func seconds(_ plan: RenderPlan) -> Double {
        let mixed = plan.audio.reduce(0) { $0 + max(0, $1.endSample - max(0, $1.startSample)) }
        return filmSeconds(plan) * Cost.encodedSeconds
            + Double(mixed) / Double(plan.output.audio.sampleRate) * Cost.mixedSeconds
    }

    private static func extraShareMax(_ plan: RenderPlan) -> Double {
        seconds(plan) * Cost.extraShareMax
    }

    /// CPU time to decode clips up to the start of the pieces that they reach into, in
    /// seconds.
    private func extraSeconds(_ plan: RenderPlan, _ frames: Int, _ count: Int) -> Double {
        var seconds = 0.0
        for piece in Self.tiles(frames, count).dropFirst() {
            let sample = piece.start * AudioFrame.sampleCount
            for clip in plan.audio where clip.startSample < sample && sample < clip.endSample {
                let source = plan.sources[clip.source]
                var skipped =
                    Double(sample - clip.startSample) / Double(plan.output.audio.sampleRate)
                    * clip.speed.doubleValue
                let length = Double(source.media.durationMicroseconds) / 1e6
                // A loop is decoded once.
                if clip.loops { skipped = min(skipped, length) }
                // The audio of mp4 and mov is copied out at ingest (`derive-asset`).
                let isAlone = source.media.kind == .audio || source.media.format.hasPrefix("mov,")
                let bytes = isAlone ? 0 : Double(source.bytes) / max(1, length)
                seconds += skipped * (Cost.skippedSeconds + bytes / Cost.bytesPerSecond)
            }
        }
        return seconds
    }
}
