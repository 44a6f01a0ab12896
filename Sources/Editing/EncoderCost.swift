/// CPU time that a pixel of the output takes, decoded, filtered and encoded, as
/// measured with FFmpeg 5.1 (docs/benchmarks.md, "Cost of an encoder").
package enum EncoderCost {
    /// H.264 at `veryfast`: 147 s of 1080p30 took 222 s on two cores (facts E).
    package static let usualNanosecondsPerPixel = 50.0

    /// Nanoseconds for a pixel.
    package static func nanosecondsPerPixel(_ video: RenderPlan.VideoEncoding) -> Double {
        usualNanosecondsPerPixel * factor(video)
    }

    /// Over H.264 at `veryfast`.
    private static func factor(_ video: RenderPlan.VideoEncoding) -> Double {
        1
    }
}
