package import MediaTime

/// Covers ranges by ranges that join end to end.
package enum Tiling {
    /// Chooses ranges that tile `whole` exactly, longest first at each step.
    /// - Returns: nil when the ranges cannot tile it.
    package static func cover<Unit>(
        _ whole: MediaRange<Unit>, with ranges: [MediaRange<Unit>]
    ) -> [MediaRange<Unit>]? {
        var byStart: [Int: [MediaRange<Unit>]] = [:]
        for range in ranges where !range.isEmpty { byStart[range.start, default: []].append(range) }
        for start in byStart.keys { byStart[start]?.sort { $0.end < $1.end } }
        // Depth first, longest first. A range is offered once: a dead end stays one.
        var path: [MediaRange<Unit>] = []
        var position = whole.start
        while position != whole.end {
            if let next = byStart[position]?.popLast() {
                guard next.end <= whole.end else { continue }
                path.append(next)
                position = next.end
            } else if let last = path.popLast() {
                position = last.start
            } else {
                return nil
            }
        }
        return path
    }

    /// Adds a range for each gap that the ranges leave in the wholes.
    /// - Parameter ranges: In time order.
    package static func filled<Unit>(
        _ ranges: [MediaRange<Unit>], upTo wholes: [MediaRange<Unit>]
    ) -> [MediaRange<Unit>] {
        var gaps: [MediaRange<Unit>] = []
        for whole in wholes {
            var position = whole.start
            for range in ranges where range.end > position && range.start < whole.end {
                if range.start > position { gaps.append(MediaRange(position, range.start)) }
                position = range.end
            }
            if position < whole.end { gaps.append(MediaRange(position, whole.end)) }
        }
        return gaps.isEmpty ? ranges : (ranges + gaps).sorted { $0.start < $1.start }
    }

    /// Replaces every range that smaller ones tile by the finest tiling, and sorts by time.
    /// Smaller ranges that leave a gap are dropped.
    package static func finest<Unit>(_ ranges: [MediaRange<Unit>]) -> [MediaRange<Unit>] {
        let sorted = Set(ranges).sorted { ($0.start, -$0.end) < ($1.start, -$1.end) }
        var result: [MediaRange<Unit>] = []
        var index = 0
        while index < sorted.count {
            let whole = sorted[index]
            var next = index + 1
            while next < sorted.count, whole.contains(sorted[next]) { next += 1 }
            let parts = Array(sorted[(index + 1)..<next])
            if let cover = cover(whole, with: parts) {
                // A range inside a part of the cover may be tiled again.
                for part in cover {
                    result += finest(parts.filter { part.contains($0) })
                }
            } else {
                result.append(whole)
            }
            index = next
        }
        return result
    }
}
