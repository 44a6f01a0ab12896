/// Stacks cues of one placement that are shown at the same time.
enum CueStacking {
    /// Pages that do not overlap: a stretch on which several cues are shown has one page with
    /// all of them.
    ///
    /// The cue that began first keeps its place, at the bottom of a stack, or at the top of one
    /// that grows downwards.
    /// - Parameter pages: In order of their start.
    static func separated(_ pages: [CaptionCue], downwards: Bool) -> [CaptionCue] {
        var result: [CaptionCue] = []
        var cluster: [CaptionCue] = []
        var clusterEnd = Int.min
        for page in pages {
            if page.start >= clusterEnd {
                result += stacked(cluster, downwards)
                cluster = []
            }
            cluster.append(page)
            clusterEnd = max(clusterEnd, page.end)
        }
        return result + stacked(cluster, downwards)
    }

    private static func stacked(_ cluster: [CaptionCue], _ downwards: Bool) -> [CaptionCue] {
        guard cluster.count > 1 else { return cluster }
        let edges = Set(cluster.flatMap { [$0.start, $0.end] }).sorted()
        var result: [CaptionCue] = []
        var (next, active) = (0, [CaptionCue]())
        for (start, end) in zip(edges, edges.dropFirst()) {
            active.removeAll { $0.end <= start }
            while next < cluster.count, cluster[next].start <= start {
                active.append(cluster[next])
                next += 1
            }
            guard var page = active.first else { continue }
            let order = downwards ? active : active.reversed()
            (page.start, page.end) = (start, end)
            page.words = order.flatMap(\.words)
            if order.count > 1 {
                page.stack = order.map(\.words.count)
                var first = 0
                for cue in order {
                    if first > 0 { page.words[first].startsLine = true }
                    first += cue.words.count
                }
            }
            result.append(page)
        }
        return result
    }

    /// The largest number of cues that are shown at the same time.
    static func depth(_ cues: [CaptionCue]) -> Int {
        let edges = cues.flatMap { [($0.start, 1), ($0.end, -1)] }.sorted { $0 < $1 }
        var (depth, depthMax) = (0, 0)
        for (_, change) in edges {
            depth += change
            depthMax = max(depthMax, depth)
        }
        return depthMax
    }
}
