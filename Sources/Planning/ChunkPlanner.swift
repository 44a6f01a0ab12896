package import MediaTime
import RenderPlans

/// Cuts a timeline into chunks of whole frames that tile it exactly.
///
/// Borders hang on clip edges where one is near, else on a grid counted from
/// the last clip edge, and are chosen from left to right: a change later in the
/// timeline moves no border before it, and a long clip is cut at the same
/// places of its own at any position. Of several edges that would do, the
/// clips themselves choose, so that after a change the old borders are soon
/// found again.
package struct ChunkPlanner: Hashable, Sendable {
    /// Chunks that may render at the same time.
    package var concurrency: Int
    /// Time limit of the function that renders one chunk.
    package var functionSeconds: Int
    /// Memory and disk of that function; nil is as much as it takes.
    package var memoryMegabytes: Int?
    /// Disk of that function in megabytes; nil is unlimited.
    package var diskMegabytes: Int?

    /// - Precondition: Both are at least 1.
    package init(concurrency: Int = 2, functionSeconds: Int = 900) {
        precondition(concurrency >= 1 && functionSeconds >= 1, "a planner has something to plan")
        self.concurrency = concurrency
        self.functionSeconds = functionSeconds
    }

    /// What chunks cost, from facts measured with FFmpeg 5.1.
    package enum Cost {
        /// Copying costs next to nothing, but each chunk's head is encoded up to
        /// the next keyframe: so chunks with copies are long.
        package static let copiedSeconds = 60
        /// Lengths for long timelines, which have waves of chunks to spare.
        package static let longerSeconds = [60, 30, 20]
        /// Facts G: a chunk of 10 s costs 4 to 6 % more CPU than its share of
        /// one run, at 5 s 5 to 16 %, and below that the extra grows fast (1 s
        /// costs double). A shorter one is taken only where instances that would
        /// stand idle end sooner by the share below.
        package static let evenSeconds = [Rational(10), Rational(15, 2), Rational(5)]
        /// Share of the rendering time that a shorter chunk must save.
        package static let evenShare = 0.05
        /// With more waves of chunks than these, how the last one fits is little.
        package static let unevenWaves = 4
        /// A longer chunk is taken only while every instance still gets this
        /// many: a slow chunk at the end then costs little, and progress and
        /// repeated work stay fine-grained.
        package static let waves = 8
        /// Overhead of one chunk, in seconds of encoded output (measured: 0.4 to
        /// 1.0 s at every length).
        package static let overheadSeconds = 0.8
        /// Share of a function's time limit that a chunk may be planned to
        /// take; the rest is for slow machines and for the upload.
        package static let deadlineShare = 0.5
    }

    /// Half-open ranges that tile `0..<frameCount` in order, none of them
    /// empty, at most `Limits.chunkCountMax`.
    /// - Parameters:
    ///   - clipEdges: Frames at which a clip starts or ends, with a number made
    ///     of what begins there: the least of them is the border.
    ///   - pixelsPerFrame: Of the output.
    ///   - bytesPerPixel: Of a chunk's file.
    ///   - nanosecondsPerPixel: CPU time that a pixel takes (`EncoderCost`).
    ///   - requestedSeconds: A chunk length that the caller asked for; kept but
    ///     for the limits on the number of chunks and on the disk.
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
        // A chunk has eleven tenths of the wanted length at the most.
        let onDisk =
            diskMegabytes.map {
                Double($0) * 1e6 * ChunkResources.diskShare
                    / (Double(pixelsPerFrame) * bytesPerPixel * ChunkCutter.lengthShareMax)
            } ?? .infinity
        let wanted = max(1, min((seconds * frameRate).rounded, Int(min(onDisk, 1e12))))
        // Two chunks in a row have eight tenths of the wanted length or more.
        let minimum = (5 * frameCount + 2 * Limits.chunkCountMax - 1) / (2 * Limits.chunkCountMax)
        let cutter = ChunkCutter(frameCount: frameCount, wanted: max(wanted, minimum))
        return cutter.chunks(edges: clipEdges)
    }

    /// The length that ends soonest on these instances, among those that pay
    /// and that a function can render in its time.
    private func chosenSeconds(
        _ frameCount: Int, frameRate: Rational, clipEdges: [ClipEdge],
        nanosecondsPerFrame: Double
    ) -> Rational {
        let cpuPerSecond = nanosecondsPerFrame * frameRate.doubleValue / 1e9
        let affordable = Double(functionSeconds) * Cost.deadlineShare / cpuPerSecond
        let timelineSeconds = (Rational(frameCount) / frameRate).doubleValue

        let longer = Cost.longerSeconds.first { seconds in
            let waves = timelineSeconds / Double(seconds * concurrency)
            return Double(seconds) <= affordable && waves >= Double(Cost.waves)
        }
        if let longer { return Rational(longer) }
        let chosen = evenSeconds(frameCount, frameRate: frameRate, clipEdges: clipEdges)
        guard chosen.doubleValue > affordable else { return chosen }
        // Pictures so large that even the shortest paying chunk takes too long.
        return max(Rational(1), Rational(Int(affordable)))
    }

    /// The length whose chunks keep the instances busy to the end.
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

    /// Seconds of output that the busiest instance encodes, overhead included;
    /// each takes the next chunk as soon as it is free.
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
    /// A number made of the clip that begins there, at any position.
    package var number: UInt64

    /// An edge.
    package init(_ frame: Int, number: UInt64 = 0) {
        self.frame = frame
        self.number = number
    }
}

/// Chooses the borders for one wanted chunk length, in frames.
struct ChunkCutter {
    let frameCount: Int
    /// At least 1.
    let wanted: Int

    /// The longest chunk over the wanted one; the shortest is half of it, or
    /// three tenths for a clip among longer ones.
    static let lengthShareMax = 1.1

    private var lengthMin: Int { (wanted + 1) / 2 }
    /// Of a clip between others that are chunks by themselves.
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
        // What is left behind this chunk must be a chunk too.
        let window =
            (start + lengthMin)...(start + max(lengthMin, min(lengthMax, rest - lengthMin)))
        let target = start + wanted

        // A clip that makes a chunk by itself is one: then a change of one clip
        // is a change of one chunk.
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

    /// Whether a clip is a chunk although it is short: the next one needs none
    /// of it, and one such chunk among long ones costs little.
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
