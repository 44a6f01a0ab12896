import Glibc
import MediaTime
package import RenderPlans

/// Traits that determine render time and bytes for each pixel, for comparing exports.
package struct ExportTraits: Hashable, Sendable, Codable {
    /// Width in pixels.
    package var width: Int
    /// Height in pixels.
    package var height: Int
    /// Frame rate.
    package var framesPerSecond: Double
    /// Video codec.
    package var codec: RenderPlan.VideoEncoding.Codec
    /// Constant rate factor of the encoder.
    package var crf: Int
    /// Preset of the encoder.
    package var preset: String
    /// Keys of the sources, in order.
    package var sources: [String]

    /// The traits of a plan.
    package init(_ plan: RenderPlan) {
        let output = plan.output
        width = output.width
        height = output.height
        framesPerSecond = output.frameRate.doubleValue
        codec = output.video.codec
        crf = output.video.crf
        preset = output.video.preset
        sources = plan.sources.map(\.key).sorted()
    }

    /// Distance to another export, 0 if alike. Each step of 1 is a factor of two, or another kind
    /// of work.
    package func distance(to other: ExportTraits) -> Double {
        let pixels = Double(width * height) / Double(max(1, other.width * other.height))
        let rates = framesPerSecond / max(0.001, other.framesPerSecond)
        let (mine, theirs) = (Set(sources), Set(other.sources))
        let all = mine.union(theirs).count
        let shared = all == 0 ? 1 : Double(mine.intersection(theirs).count) / Double(all)
        return log2(pixels).magnitude + log2(rates).magnitude + 2 * (1 - shared)
            + (codec == other.codec ? 0 : 3) + (preset == other.preset ? 0 : 1)
    }

    /// Factor from the bytes of an export with another rate factor to this one's: six steps halve
    /// the bytes (x264's rule of thumb; measured 1.9 to 2.2 for six).
    package func bytesFactor(from other: ExportTraits) -> Double {
        guard codec == other.codec else { return 1 }
        return exp2(Double(other.crf - crf) / 6)
    }
}
