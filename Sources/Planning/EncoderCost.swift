package import RenderPlans

/// CPU time to decode, filter and encode one pixel of the output, measured with FFmpeg 5.1
/// (docs/benchmarks.md, "Cost of an encoder").
package enum EncoderCost {
    /// H.264 at `veryfast`: 147 s of 1080p30 took 222 s on two cores.
    package static let usualNanosecondsPerPixel = 50.0
    /// The part of `usualNanosecondsPerPixel` outside the encoder and one decoder: layers,
    /// filters, seeks.
    private static let otherNanoseconds = 30.0

    /// CPU time for one pixel, in nanoseconds.
    package static func nanosecondsPerPixel(_ video: RenderPlan.VideoEncoding) -> Double {
        otherNanoseconds + encoderNanoseconds(video)
    }

    private static let presets = [
        "ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower",
        "veryslow",
    ]

    /// CPU time of one decoder and the encoder for one pixel, in nanoseconds: 1080p with
    /// noise, one thread.
    private static func encoderNanoseconds(_ video: RenderPlan.VideoEncoding) -> Double {
        let figures: [Double] =
            switch video.codec {
            case .h264: [11, 19, 20, 27, 33, 45, 66, 98, 155]
            case .lossless: [10, 20, 25, 30, 35, 45, 66, 98, 155]
            case .hevc: [23, 31, 47, 56, 61, 79, 202, 744, 1_056]
            case .vp9: [19, 23, 21, 132, 97, 121, 234, 318, 843]
            case .av1: [21, 27, 38, 44, 65, 107, 254, 463, 682]
            case .prores: [119]
            }
        let rank = presets.firstIndex(of: video.preset) ?? 2
        return figures[min(rank, figures.count - 1)]
    }
}
