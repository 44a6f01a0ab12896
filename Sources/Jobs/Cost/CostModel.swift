import MediaTime
package import RenderPlans

/// Predicts the resources of an export from its plan and from earlier exports.
package struct CostModel: Hashable, Sendable {
    /// Render time of one pixel. The default was measured on two shared cores with FFmpeg 5.1,
    /// 720p H.264 in and out (docs/benchmarks.md), and applies until there is an export to learn
    /// from.
    package var nanosecondsPerPixel = 25.0
    /// Time to encode one second of audio.
    package var audioMillisecondsPerSecond = 30.0
    /// Time to stitch one second of output.
    package var stitchMillisecondsPerSecond = 30.0
    /// Bytes of the output for one pixel.
    package var bytesPerPixel = 0.015
    /// Number of exports that the rates were learned from.
    package var learnedFrom = 0

    /// Fixed time of a rendered chunk: process starts, seeks and requests.
    private static let chunkMilliseconds = 500.0
    private static let audioMilliseconds = 300.0
    private static let stitchMilliseconds = 600.0
    /// Fixed number of store requests of one unit; others grow with its time.
    private static let unitRequests = (reads: 7, writes: 4)
    private static let stitchRequests = (reads: 5, writes: 4)
    /// Store requests of start-export; every unit adds one write.
    package static let startRequests = (reads: 3, writes: 6)
    /// Run time of start-export, which writes the requests eight at a time.
    package static let startMilliseconds = 300

    /// The default rates.
    package init() {}

    /// Learns from completed exports of the same owner, weighted by their similarity to the plan.
    /// Exports without times are ignored.
    package init(learningFrom results: [ExportResult], for plan: RenderPlan) {
        let wanted = ExportTraits(plan)
        var (render, audio, stitch, bytes) = (Rate(), Rate(), Rate(), Rate())
        for result in results {
            guard let times = result.usage?.times, let output = result.output else { continue }
            let seconds = max(0.1, output.durationSeconds)
            let distance = times.traits.map(wanted.distance) ?? Self.unknownDistance
            if times.renderedPixels > 0 {
                let own = Double(times.renderMilliseconds)
                let fixed = Self.chunkMilliseconds * Double(times.renderedChunks)
                render.add((own - fixed) * 1e6 / Double(times.renderedPixels), at: distance)
            }
            if let own = times.audioMilliseconds {
                audio.add((Double(own) - Self.audioMilliseconds) / seconds, at: distance)
            }
            stitch.add(
                (Double(times.stitchMilliseconds) - Self.stitchMilliseconds) / seconds,
                at: distance)
            if times.pixels > 0 {
                let factor = times.traits.map(wanted.bytesFactor) ?? 1
                bytes.add(
                    factor * Double(output.bytes) / Double(times.pixels), at: distance)
            }
            learnedFrom += 1
        }
        nanosecondsPerPixel = render.value ?? nanosecondsPerPixel
        audioMillisecondsPerSecond = audio.value ?? audioMillisecondsPerSecond
        stitchMillisecondsPerSecond = stitch.value ?? stitchMillisecondsPerSecond
        bytesPerPixel = bytes.value ?? bytesPerPixel
    }

    /// Distance of a result that has no traits.
    private static let unknownDistance = 4.0

    /// A mean that weights near results most.
    private struct Rate {
        /// Smallest distance: nearer exports count as equal.
        private static let grain = 0.1
        private var sum = 0.0
        private var weight = 0.0

        mutating func add(_ value: Double, at distance: Double) {
            let own = 1 / ((Self.grain + distance) * (Self.grain + distance))
            sum += own * max(0, value)
            weight += own
        }

        var value: Double? { weight > 0 ? sum / weight : nil }
    }

    /// Predicted resources of the plan's export if none of it is cached.
    /// - Parameters:
    ///   - renderMegabytes: Memory of render-chunk.
    ///   - stitchMegabytes: Memory of stitch-export.
    package func resources(
        of plan: RenderPlan, renderMegabytes: Int, stitchMegabytes: Int, startMegabytes: Int
    ) -> ExportResources {
        var found = ExportResources()
        let framePixels = plan.output.width * plan.output.height
        let seconds = (Rational(plan.frameCount) / plan.output.frameRate).doubleValue
        var units = plan.chunks.map { chunk in
            Self.chunkMilliseconds
                + Double(chunk.count * framePixels) * nanosecondsPerPixel / 1e6
        }
        let audio = plan.audioUnits
        for _ in audio {
            let share = seconds / Double(audio.count)
            units.append(Self.audioMilliseconds + audioMillisecondsPerSecond * share)
        }
        let stitch = Self.stitchMilliseconds + stitchMillisecondsPerSecond * seconds
        for unit in units {
            found.addInvocation(milliseconds: Int(unit), memoryMegabytes: renderMegabytes)
        }
        found.addInvocation(milliseconds: Int(stitch), memoryMegabytes: stitchMegabytes)
        found.addStart(units: units.count, memoryMegabytes: startMegabytes)
        // Each second a check for the cancel mark, each fourth second one for another chunk's
        // failure, each second one a progress object.
        let watched = (units.reduce(0, +) + stitch) / 1_000
        found.storeReads +=
            units.count * (Self.unitRequests.reads + plan.sources.count)
            + Self.stitchRequests.reads + 2 * units.count + Int(watched * 1.25)
        found.storeWrites +=
            units.count * Self.unitRequests.writes + Self.stitchRequests.writes
            + Int(watched / 2)
        let pixels = plan.pictureFrames.count * framePixels
        let audioBytes = audio.isEmpty ? 0 : plan.output.audio.bitsPerSecond / 8
        let result =
            pixels > 0
            ? Int(Double(pixels) * bytesPerPixel) : Int(Double(audioBytes) * seconds)
        found.storedBytes = 2 * result
        found.egressBytes = result
        return found
    }
}

extension ExportResources {
    /// Adds the resources of start-export, which no receipt measures.
    package mutating func addStart(units: Int, memoryMegabytes: Int) {
        addInvocation(
            milliseconds: CostModel.startMilliseconds, memoryMegabytes: memoryMegabytes)
        storeReads += CostModel.startRequests.reads
        storeWrites += CostModel.startRequests.writes + units
    }
}
