package import MediaTime
import RenderPlans

/// Cuts a timeline into chunks of whole frames that tile it exactly.
///
/// A border lies on a clip edge if one is near, otherwise on a grid counted from the last
/// clip edge. Borders are chosen from left to right: a change later in the timeline moves
/// no earlier border, and a long clip is cut at the same points of its content at any
/// position. Among several suitable edges a hash of the clips decides, so that the borders
/// after a change soon coincide with the old ones again.
package struct ChunkPlanner: Hashable, Sendable {
    /// Maximum chunks that render at the same time.
    package var concurrency: Int
    /// Time limit of the function that renders one chunk.
    package var functionTimeMax: Duration
    /// Memory of that function in megabytes; nil for no limit.
    package var memoryMegabytes: Int?
    /// Disk of that function in megabytes; nil for no limit.
    package var diskMegabytes: Int?

    /// Creates a planner without limits on memory and disk.
    /// - Precondition: Both arguments are at least 1.
    package init(concurrency: Int = 2, functionTimeMax: Duration = .seconds(900)) {
        precondition(
            concurrency >= 1 && functionTimeMax >= .seconds(1), "a planner has something to plan")
        self.concurrency = concurrency
        self.functionTimeMax = functionTimeMax
    }

    /// The cost of chunks, measured with FFmpeg 5.1.
    package enum Cost {
        /// Chunk length for outputs with copies, in seconds. A copy costs almost nothing,
        /// but each chunk encodes its head up to the next keyframe, so these chunks are
        /// long.
        package static let copiedSeconds = 60
        /// Chunk lengths in seconds for long timelines, which have waves of chunks to
        /// spare.
        package static let longerSeconds = [60, 30, 20]
        /// Chunk lengths in seconds for the other timelines. Facts G: a chunk of 10 s costs
        /// 4 to 6 % more CPU than its share of one run, at 5 s 5 to 16 %, and below that
        /// the extra grows fast (1 s costs double). A shorter length is chosen only if it
        /// shortens the rendering by `evenShare`.
        package static let evenSeconds = [Rational(10), Rational(15, 2), Rational(5)]
        /// Share of the rendering time that a shorter chunk must save.
        package static let evenShare = 0.05
        /// Number of waves of chunks above which the fill of the last wave hardly matters.
        package static let unevenWaves = 4
        /// Minimum chunks per instance for a longer chunk length: a slow chunk at the end
        /// then costs little, and progress and repeated work remain fine-grained.
        package static let waves = 8
        /// Overhead of one chunk, in seconds of encoded output (measured: 0.4 to 1.0 s at
        /// every length).
        package static let overheadSeconds = 0.8
        /// Share of a function's time limit that a chunk is planned to take; the rest is a
        /// reserve for slow machines and the upload.
        package static let deadlineShare = 0.5
    }

    /// Cuts `0..<frameCount` into non-empty half-open ranges in order, at most
    /// `Limits.chunkCountMax`.
    /// - Parameters:
    ///   - clipEdges: Frames at which a clip starts or ends, each with a hash of the clip
    ///     that begins there; 0 if none begins there. Of several suitable edges the one
    ///     with the smallest hash is the border.
    ///   - pixelsPerFrame: The output's pixels per frame.
    ///   - bytesPerPixel: The size of one pixel in a chunk's file.
    ///   - nanosecondsPerPixel: CPU time for one pixel (`EncoderCost`).
    ///   - requestedSeconds: The chunk length that the caller requests; limited only by the
    ///     number of chunks and the disk.
    /// - Precondition: `frameCount` is at least 1.
    package func chunks(
        frameCount: Int, frameRate: Rational, clipEdges: [ClipEdge], pixelsPerFrame: Int,
        bytesPerPixel: Double = 0.125,
        nanosecondsPerPixel: Double = EncoderCost.usualNanosecondsPerPixel,
        requestedSeconds: Rational? = nil
    ) -> [FrameRange] {
        precondition(frameCount >= 1, "a timeline has a frame")
        let seconds =
            requestedSeconds
            ?? chosenSeconds(
                frameCount, frameRate: frameRate, clipEdges: clipEdges,
                nanosecondsPerFrame: Double(pixelsPerFrame) * nanosecondsPerPixel)
        // A chunk has at most eleven tenths of the wanted length.
        let onDisk =
            diskMegabytes.map {
                Double($0) * 1e6 * ChunkResources.diskShare
                    / (Double(pixelsPerFrame) * bytesPerPixel * ChunkCutter.lengthShareMax)
            } ?? .infinity
        let wanted = max(1, min((seconds * frameRate).rounded, Int(min(onDisk, 1e12))))
        // Two consecutive chunks together have at least eight tenths of the wanted length.
        let minimum = (5 * frameCount + 2 * Limits.chunkCountMax - 1) / (2 * Limits.chunkCountMax)
        let cutter = ChunkCutter(frameCount: frameCount, wanted: max(wanted, minimum))
        return cutter.chunks(edges: clipEdges)
    }

    /// The chunk length in seconds that finishes first on these instances, among those that
    /// pay and that fit into the function's time limit.
    private func chosenSeconds(
        _ frameCount: Int, frameRate: Rational, clipEdges: [ClipEdge],
        nanosecondsPerFrame: Double
    ) -> Rational {
        let cpuPerSecond = nanosecondsPerFrame * frameRate.doubleValue / 1e9
        let affordable = (functionTimeMax / .seconds(1)) * Cost.deadlineShare / cpuPerSecond
        let timelineSeconds = (Rational(frameCount) / frameRate).doubleValue

        let longer = Cost.longerSeconds.first { seconds in
            let waves = timelineSeconds / Double(seconds * concurrency)
            return Double(seconds) <= affordable && waves >= Double(Cost.waves)
        }
        if let longer { return Rational(longer) }
        let chosen = evenSeconds(frameCount, frameRate: frameRate, clipEdges: clipEdges)
        guard chosen.doubleValue > affordable else { return chosen }
        // The frames are so large that even the shortest paying chunk takes too long.
        return max(Rational(1), Rational(Int(affordable)))
    }

    /// The chunk length in seconds that keeps the instances busy to the end.
    private func evenSeconds(
        _ frameCount: Int, frameRate: Rational, clipEdges: [ClipEdge]
    ) -> Rational {
        let lengthMax = Cost.evenSeconds[0]
        let waves = (Rational(frameCount) / frameRate / lengthMax).doubleValue / Double(concurrency)
        guard concurrency > 1, waves <= Double(Cost.unevenWaves) else { return lengthMax }
        var best = (seconds: lengthMax, wall: Double.infinity)
        for seconds in Cost.evenSeconds {
            let cutter = ChunkCutter(
                frameCount: frameCount, wanted: max(1, (seconds * frameRate).rounded))
            let wall = wallSeconds(cutter.chunks(edges: clipEdges), frameRate: frameRate)
            if wall < best.wall * (1 - Cost.evenShare) { best = (seconds, wall) }
        }
        return best.seconds
    }

    /// Seconds of output that the busiest instance encodes, overhead included; each
    /// instance takes the next chunk as soon as it is free.
    private func wallSeconds(_ chunks: [FrameRange], frameRate: Rational) -> Double {
        var busy = [Double](repeating: 0, count: min(concurrency, chunks.count))
        for chunk in chunks {
            let free = busy.indices.min { busy[$0] < busy[$1] } ?? 0
            let seconds = (Rational(chunk.count) / frameRate).doubleValue
            busy[free] += seconds + Cost.overheadSeconds
        }
        return busy.max() ?? 0
    }
}

/// A frame at which a clip starts or ends.
package struct ClipEdge: Hashable, Sendable {
    /// Index of the frame in the output.
    package var frame: Int
    /// A hash of the clip that begins there, independent of its position.
    package var number: UInt64

    /// Creates an edge.
    package init(_ frame: Int, number: UInt64 = 0) {
        self.frame = frame
        self.number = number
    }
}

/// Chooses the borders for one wanted chunk length.
struct ChunkCutter {
    let frameCount: Int
    /// The wanted chunk length in frames, at least 1.
    let wanted: Int

    /// Maximum length of a chunk as a share of the wanted one. The minimum is half of the
    /// wanted length, or three tenths for a clip among longer ones.
    static let lengthShareMax = 1.1

    private var lengthMin: Int { (wanted + 1) / 2 }
    /// Minimum length of a clip that is a chunk alone among longer ones, in frames.
    private var loneLengthMin: Int { (3 * wanted + 9) / 10 }
    private var lengthMax: Int { wanted + wanted / 10 }

    /// The chunks, in order.
    func chunks(edges: [ClipEdge]) -> [FrameRange] {
        let edges = edges.filter { 0 < $0.frame && $0.frame < frameCount }
            .sorted { $0.frame < $1.frame }
        var chunks: [FrameRange] = []
        var start = 0
        // Index of the first edge after `start`.
        var next = 0
        var lastEdge = 0
        while start < frameCount {
            while next < edges.count, edges[next].frame <= start {
                lastEdge = edges[next].frame
                next += 1
            }
            let end = border(after: start, edges: edges[next...], lastEdge: lastEdge)
            chunks.append(FrameRange(start, end))
            start = end
        }
        return chunks
    }

    /// The best end for a chunk that begins at `start`.
    private func border(after start: Int, edges: ArraySlice<ClipEdge>, lastEdge: Int) -> Int {
        let rest = frameCount - start
        if rest <= lengthMax { return frameCount }
        // The frames after this chunk must be enough for another chunk.
        let window =
            (start + lengthMin)...(start + max(lengthMin, min(lengthMax, rest - lengthMin)))
        let target = start + wanted

        // A clip that can be a chunk alone becomes one: a change of one clip is then a
        // change of one chunk.
        if start == 0 || start == lastEdge, let end = edges.first?.frame,
            window.contains(end) || isLone(start, end, next: edges.dropFirst().first?.frame)
        {
            return end
        }

        var gridOrigin = lastEdge
        var best: ClipEdge?
        for edge in edges {
            if edge.frame > window.upperBound { break }
            if edge.frame < window.lowerBound {
                gridOrigin = edge.frame
            } else if best.map({ isBetter(edge, than: $0, target) }) ?? true {
                best = edge
            }
        }
        if let best { return best.frame }
        return gridPoint(in: window, nearest: target, origin: gridOrigin)
            ?? min(window.upperBound, start + max(lengthMin, rest / 2))
    }

    /// True if a clip is a chunk although it is short: the next chunk does not need its
    /// frames, and one short chunk among long ones costs little.
    private func isLone(_ start: Int, _ end: Int, next: Int?) -> Bool {
        end - start >= loneLengthMin && end < start + lengthMin
            && (next ?? frameCount) - end >= lengthMin
    }

    private func isBetter(_ edge: ClipEdge, than other: ClipEdge, _ target: Int) -> Bool {
        (edge.number, abs(edge.frame - target)) < (other.number, abs(other.frame - target))
    }

    /// The multiple of half a chunk after `origin` that is nearest to `target`.
    private func gridPoint(in window: ClosedRange<Int>, nearest target: Int, origin: Int) -> Int? {
        let halves = (2 * (target - origin)) / wanted
        let candidates = (max(1, halves - 1)...max(1, halves + 2))
            .map { origin + $0 * wanted / 2 }
            .filter(window.contains)
        return candidates.min { abs($0 - target) < abs($1 - target) }
    }
}
