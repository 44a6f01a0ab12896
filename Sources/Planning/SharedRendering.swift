package import MediaTime
package import RenderPlans

/// Groups outputs of one edit whose chunks are rendered together, so that each source is
/// decoded once (docs/benchmarks.md, "Several outputs of one edit").
package enum SharedRendering {
    /// Groups the plans that render together, by index, and gives all plans of a group the
    /// same chunks.
    ///
    /// Plans share a group if they show the same stretches of the same films at the same
    /// frame rate and copy nothing: a copy decodes almost nothing. A plan that shows no
    /// film belongs to no group.
    /// - Parameters:
    ///   - chunkSeconds: The chunk length that each output requests, in seconds.
    /// - Returns: Groups of two to four, each in ascending order.
    package static func arrange(
        _ plans: inout [RenderPlan], chunkSeconds: [Rational?], planner: ChunkPlanner
    ) -> [[Int]] {
        var groups: [SourceReads: [Int]] = [:]
        for (index, plan) in plans.enumerated() {
            guard let reading = SourceReads(of: plan, chunkSeconds[index]) else { continue }
            groups[reading, default: []].append(index)
        }
        var shared: [[Int]] = []
        for alike in groups.values.sorted(by: { $0[0] < $1[0] }) {
            var waiting = alike[...]
            while waiting.count > 1 {
                // The largest group that fits into a renderer.
                var group = waiting.prefix(sharedExportCountMax)
                while group.count > 1 {
                    let members = group.map { plans[$0] }
                    if let chunks = chunks(of: members, chunkSeconds[alike[0]], planner) {
                        for index in group { plans[index].chunks = chunks }
                        shared.append(Array(group))
                        break
                    }
                    group = group.dropLast()
                }
                waiting = waiting.dropFirst(group.count)
            }
        }
        return shared
    }

    /// Maximum plans of one group. Further plans would save little, and each plan makes a
    /// chunk take longer.
    static let sharedExportCountMax = 4

    /// True if two plans are rendered together.
    package static func areEqual(_ plan: RenderPlan, _ other: RenderPlan) -> Bool {
        guard let reading = SourceReads(of: plan, nil) else { return false }
        return reading == SourceReads(of: other, nil)
    }

    /// - Returns: nil if the group's frames do not fit into a renderer together.
    private static func chunks(
        of plans: [RenderPlan], _ chunkSeconds: Rational?, _ planner: ChunkPlanner
    ) -> [FrameRange]? {
        var first = plans[0]
        let outputs = plans.map(\.output)
        let pixels = outputs.reduce(0) { $0 + $1.width * $1.height }
        let bytes = outputs.reduce(0.0) {
            $0 + ChunkResources.bytesPerPixel($1.video.codec) * Double($1.width * $1.height)
        }
        // Loops: Swift 6.3.1's optimizer crashes on the same in closures.
        var nanoseconds = 0.0
        for output in outputs {
            nanoseconds +=
                EncoderCost.nanosecondsPerPixel(output.video)
                * Double(output.width * output.height)
        }
        first.chunks = planner.chunks(
            frameCount: first.frameCount, frameRate: first.output.frameRate,
            clipEdges: first.clipEdges, pixelsPerFrame: pixels,
            bytesPerPixel: bytes / Double(pixels),
            nanosecondsPerPixel: nanoseconds / Double(pixels), requestedSeconds: chunkSeconds)
        guard let memory = planner.memoryMegabytes else { return first.chunks }
        return ChunkResources.bounded(first, with: outputs, memoryMegabytes: memory)
    }
}

/// The parts of its films that a plan reads, with their times.
private struct SourceReads: Hashable {
    private struct SourceSpan: Hashable {
        var picture: RenderPlan.Placement.Picture
        var frames: FrameRange
        var sourceStart: Rational
        var speed: Rational
    }

    private var frameRate: Rational
    private var frameCount: Int
    private var chunkSeconds: Rational?
    private var sources: [RenderPlan.Source]
    private var layers: [[SourceSpan]] = []

    /// Creates the reads of a plan; nil if the plan has nothing to share.
    init?(of plan: RenderPlan, _ chunkSeconds: Rational?) {
        guard plan.output.format.hasPicture, !plan.output.video.copiesUntouched,
            plan.showsFilm
        else { return nil }
        sources = plan.sources
        (frameRate, frameCount) = (plan.output.frameRate, plan.frameCount)
        self.chunkSeconds = chunkSeconds
        for layer in plan.layers {
            var stretches: [SourceSpan] = []
            for placement in layer.placements {
                stretches.append(
                    SourceSpan(
                        picture: placement.picture, frames: placement.frames,
                        sourceStart: placement.sourceStart, speed: placement.speed))
            }
            layers.append(stretches)
        }
    }
}

extension RenderPlan {
    /// True if the plan shows frames of a video.
    fileprivate var showsFilm: Bool {
        for layer in layers {
            for placement in layer.placements {
                if let source = placement.source, sources[source].media.kind == .video {
                    return true
                }
            }
        }
        return false
    }
}
