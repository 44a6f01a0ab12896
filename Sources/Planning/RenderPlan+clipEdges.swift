import MediaTime
import RenderPlans

extension RenderPlan.Layer {
    /// The number of frames on which the layer shows something.
    fileprivate var frameCount: Int { placements.reduce(0) { $0 + $1.frames.count } }
}

extension RenderPlan {
    /// Frames at which a clip of the main layer starts or ends, in ascending order without
    /// duplicates.
    ///
    /// The main layer is the one that shows the most frames: a logo that appears and
    /// disappears above it is no reason to cut.
    package var clipEdges: [ClipEdge] {
        let main = layers.max { $0.frameCount < $1.frameCount }?.placements ?? []
        var numbers: [Int: UInt64] = [:]
        for placement in main { numbers[placement.frames.end] = 0 }
        for placement in main { numbers[placement.frames.start] = number(of: placement) }
        return numbers.sorted { $0.key < $1.key }.map { ClipEdge($0.key, number: $0.value) }
    }

    /// An FNV-1a hash of the placement's first content, independent of its position on the
    /// timeline.
    private func number(of placement: Placement) -> UInt64 {
        let name =
            switch placement.picture {
            case .source(let index): sources[index].etag
            case .color(let color): color
            }
        let text = "\(name) \(placement.sourceStart) \(placement.speed)"
        return text.utf8.reduce(0xcbf2_9ce4_8422_2325) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3
        }
    }
}
