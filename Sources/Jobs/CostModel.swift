package import Editing

/// What an export will take, from its plan and from what earlier ones took.
package struct CostModel: Hashable, Sendable {
    /// Measured on two shared cores with FFmpeg 5.1, 720p H.264 in and out
    /// (docs/benchmarks.md); used until there is an export to learn from.
    package var nanosecondsPerPixel = 25.0
    package var soundMillisecondsPerSecond = 30.0
    package var stitchMillisecondsPerSecond = 30.0
    /// Of the result.
    package var bytesPerPixel = 0.015
    /// Exports that the numbers above were learned from.
    package var learnedFrom = 0

    /// Of each rendered chunk: process starts, seeks and requests.
    private static let chunkMilliseconds = 500.0
    private static let soundMilliseconds = 300.0
    private static let stitchMilliseconds = 600.0
    /// Requests of one unit beside those that its time brings.
    private static let unitRequests = (reads: 7, writes: 4)
    private static let stitchRequests = (reads: 5, writes: 4)
    /// start-export's; every unit adds one write.
    package static let startRequests = (reads: 3, writes: 6)
    /// start-export's own time: it writes the requests, eight at a time.
    package static let startMilliseconds = 300

    package init() {}

    /// Learns from completed exports of the same owner; those without times
    /// say nothing.
    package init(learningFrom results: [ExportResult]) {
        var render: [Double] = []
        var sound: [Double] = []
        var stitch: [Double] = []
        var bytes: [Double] = []
        for result in results {
            guard let times = result.usage?.times, let output = result.output else { continue }
            let seconds = max(0.1, output.durationSeconds)
            if times.renderedPixels > 0 {
                let own = Double(times.renderMilliseconds)
                let fixed = Self.chunkMilliseconds * Double(times.renderedChunks)
                render.append(max(0, own - fixed) * 1e6 / Double(times.renderedPixels))
            }
            if let own = times.soundMilliseconds {
                sound.append(max(0, Double(own) - Self.soundMilliseconds) / seconds)
            }
            stitch.append(
                max(0, Double(times.stitchMilliseconds) - Self.stitchMilliseconds) / seconds)
            if times.pixels > 0 { bytes.append(Double(output.bytes) / Double(times.pixels)) }
            learnedFrom += 1
        }
        nanosecondsPerPixel = Self.median(render) ?? nanosecondsPerPixel
        soundMillisecondsPerSecond = Self.median(sound) ?? soundMillisecondsPerSecond
        stitchMillisecondsPerSecond = Self.median(stitch) ?? stitchMillisecondsPerSecond
        bytesPerPixel = Self.median(bytes) ?? bytesPerPixel
    }

    /// What the plan's export will take when nothing of it is cached.
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
        if plan.output.format.hasSound {
            units.append(Self.soundMilliseconds + soundMillisecondsPerSecond * seconds)
        }
        let stitch = Self.stitchMilliseconds + stitchMillisecondsPerSecond * seconds
        for unit in units {
            found.addInvocation(milliseconds: Int(unit), memoryMegabytes: renderMegabytes)
        }
        found.addInvocation(milliseconds: Int(stitch), memoryMegabytes: stitchMegabytes)
        found.addStart(units: units.count, memoryMegabytes: startMegabytes)
        // A look for the cancel mark every second, for another chunk's failure
        // every fourth, a progress object every other.
        let watched = (units.reduce(0, +) + stitch) / 1_000
        found.storeReads +=
            units.count * (Self.unitRequests.reads + plan.sources.count)
            + Self.stitchRequests.reads + 2 * units.count + Int(watched * 1.25)
        found.storeWrites +=
            units.count * Self.unitRequests.writes + Self.stitchRequests.writes
            + Int(watched / 2)
        let pixels = plan.pictureFrames.count * framePixels
        let sound = plan.output.format.hasSound ? plan.output.audio.bitsPerSecond / 8 : 0
        let result =
            pixels > 0
            ? Int(Double(pixels) * bytesPerPixel) : Int(Double(sound) * seconds)
        found.storedBytes = 2 * result
        found.egressBytes = result
        return found
    }

    private static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        return values.sorted()[values.count / 2]
    }
}

extension ExportResources {
    /// Adds start-export's part, which nobody measures.
    package mutating func addStart(units: Int, memoryMegabytes: Int) {
        addInvocation(
            milliseconds: CostModel.startMilliseconds, memoryMegabytes: memoryMegabytes)
        storeReads += CostModel.startRequests.reads
        storeWrites += CostModel.startRequests.writes + units
    }
}
