import Glibc
import MediaTime
package import RenderPlans

/// What of an export decides how long a pixel of it takes and how many bytes it
/// has: what makes two of them alike.
package struct ExportTraits: Hashable, Sendable, Codable {
    package var width: Int
    package var height: Int
    package var framesPerSecond: Double
    package var codec: RenderPlan.VideoEncoding.Codec
    package var crf: Int
    package var preset: String
    /// Keys of the sources, in order.
    package var sources: [String]

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

    /// 0 for its like; each step of 1 is a doubling, or another kind of work.
    package func distance(to other: ExportTraits) -> Double {
        let pixels = Double(width * height) / Double(max(1, other.width * other.height))
        let rates = framesPerSecond / max(0.001, other.framesPerSecond)
        let (mine, theirs) = (Set(sources), Set(other.sources))
        let all = mine.union(theirs).count
        let shared = all == 0 ? 1 : Double(mine.intersection(theirs).count) / Double(all)
        return log2(pixels).magnitude + log2(rates).magnitude + 2 * (1 - shared)
            + (codec == other.codec ? 0 : 3) + (preset == other.preset ? 0 : 1)
    }

    /// The factor on the bytes of one with another rate factor: six steps halve
    /// them (x264's own rule of thumb; measured 1.9 to 2.2 for six).
    package func bytesFactor(from other: ExportTraits) -> Double {
        guard codec == other.codec else { return 1 }
        return exp2(Double(other.crf - crf) / 6)
    }
}
