package import MediaTime
package import RenderPlans

/// The memory and disk that one chunk needs, from figures measured with FFmpeg 5.1
/// (docs/benchmarks.md, "Memory of a chunk").
package enum ChunkResources {
    /// Memory of FFmpeg and its libraries before the first frame, in MB.
    static let baseMegabytes = 80.0
    /// Memory of one source's decoder and its frames, in MB per megapixel (measured: 13 to
    /// 20). A chunk keeps the decoder of each source for the whole rendering.
    static let decoderMegabytes = 16.0
    /// Share of a renderer's memory above which chunks are split further.
    static let memoryShare = 0.8
    /// Share of a renderer's disk that a chunk may fill: a chunk with copies briefly exists
    /// three times.
    static let diskShare = 0.3

    /// The number of edges of copied stretches that are encoded at the same time: four in
    /// 1080p, fewer in larger frames, at most eight.
    package static func edgesTogether(_ output: RenderPlan.OutputSettings) -> Int {
        max(1, min(8, 4 * 1_920 * 1_088 / max(1, output.width * output.height)))
    }

    /// Memory of filters and encoder, in MB per megapixel of the output. Most of it is the
    /// encoder's lookahead.
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

    /// Size of one pixel in a chunk's file, in bytes. For CRF encoding, the size of frames
    /// that compress badly.
    package static func bytesPerPixel(_ codec: RenderPlan.VideoEncoding.Codec) -> Double {
        switch codec {
        case .prores: 0.35
        case .lossless: 1.5
        case .h264, .hevc, .vp9, .av1: 0.125
        }
    }

    /// Memory needed to render the given frames, in MB.
    /// - Parameter outputs: The outputs rendered from the frames; nil for the plan's own
    ///   output.
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

    /// The plan's chunks, with those that need too much memory split at clip edges.
    /// - Returns: nil if a single frame needs more memory than a renderer has.
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
