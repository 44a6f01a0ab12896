package import MediaTime
package import RenderPlans

/// The resources that one chunk needs of its renderer, from figures measured with FFmpeg 5.1
/// (docs/benchmarks.md, "Memory of a chunk").
package enum ChunkResources {
    /// FFmpeg with its libraries, before any picture.
    static let baseMegabytes = 80.0
    /// Each source that a chunk reads has a decoder with its pictures, for as
    /// long as the chunk renders: 13 to 20 MB for a megapixel.
    static let decoderMegabytes = 16.0
    /// Beyond this share of a renderer's memory chunks are cut finer.
    static let memoryShare = 0.8
    /// Share of a renderer's disk that a chunk may fill: a chunk with copies is
    /// there three times for a moment.
    static let diskShare = 0.3

    /// Edges of copied stretches that are encoded at once: as many as have the
    /// pixels of four in 1080p.
    package static func edgesTogether(_ output: RenderPlan.OutputSettings) -> Int {
        max(1, min(8, 4 * 1_920 * 1_088 / max(1, output.width * output.height)))
    }

    /// Filters and encoder, in MB for a megapixel of the output. Frames that
    /// look ahead are most of it.
    static func encoderMegabytes(_ video: RenderPlan.VideoEncoding) -> Double {
        switch video.codec {
        case .h264:
            switch video.preset {
            case "ultrafast", "superfast", "veryfast": 60
            case "faster", "fast": 120
            case "medium": 150
            case "slow": 190
            default: 250
            }
        case .lossless: 60
        case .hevc: 140
        case .vp9: 115
        case .av1: 150
        case .prores: 10
        }
    }

    /// Bytes of a pixel of a chunk's file. Where a CRF decides, what hard
    /// pictures need.
    package static func bytesPerPixel(_ codec: RenderPlan.VideoEncoding.Codec) -> Double {
        switch codec {
        case .prores: 0.35
        case .lossless: 1.5
        case .h264, .hevc, .vp9, .av1: 0.125
        }
    }

    /// Memory that rendering those frames takes, in MB.
    /// - Parameter outputs: What is made of them; nil is the plan's own output.
    static func megabytes(
        of frames: FrameRange, in plan: RenderPlan,
        for outputs: [RenderPlan.OutputSettings]? = nil
    ) -> Double {
        // A loop: Swift 6.3.1's optimizer crashes on the same in closures.
        var read = 0
        for layer in plan.layers {
            for placement in layer.placements
            where placement.frames.intersection(frames) != nil {
                guard let source = placement.source,
                    let video = plan.sources[source].media.video
                else { continue }
                read += video.width * video.height
            }
        }
        var needed = baseMegabytes + decoderMegabytes * Double(read) / 1e6
        for output in outputs ?? [plan.output] {
            let encoders = output.video.copiesUntouched ? edgesTogether(output) : 1
            let written = Double(encoders * output.width * output.height)
            needed += encoderMegabytes(output.video) * written / 1e6
        }
        return needed
    }

    /// The chunks, those that need too much memory cut at clips' edges.
    /// - Returns: Nil where a single picture needs more than there is.
    package static func bounded(
        _ plan: RenderPlan, with outputs: [RenderPlan.OutputSettings]? = nil, memoryMegabytes: Int
    ) -> [FrameRange]? {
        let edges = Set(
            plan.layers.flatMap(\.placements).flatMap { [$0.frames.start, $0.frames.end] }
        ).sorted()
        var bounded: [FrameRange] = []
        // Last in, first out: the parts of a chunk come before the next chunk.
        var waiting = Array(plan.chunks.reversed())
        while let chunk = waiting.popLast() {
            let needed = megabytes(of: chunk, in: plan, for: outputs)
            let middle = (chunk.start + chunk.end) / 2
            let count = bounded.count + waiting.count
            if needed > memoryShare * Double(memoryMegabytes), count + 2 <= Limits.chunkCountMax,
                let edge = edges.filter({ chunk.start < $0 && $0 < chunk.end })
                    .min(by: { abs($0 - middle) < abs($1 - middle) })
            {
                waiting.append(FrameRange(edge, chunk.end))
                waiting.append(FrameRange(chunk.start, edge))
            } else if needed > Double(memoryMegabytes) {
                return nil
            } else {
                bounded.append(chunk)
            }
        }
        return bounded
    }
}
