package import MediaTime

/// Ranges that lie end to end.
package enum Tiling {
    /// Chooses ranges that tile `whole` exactly, longest first at each step.
    /// - Returns: nil when the ranges cannot tile it.
    package static func cover<Unit>(
        _ whole: MediaRange<Unit>, with ranges: [MediaRange<Unit>]
    ) -> [MediaRange<Unit>]? {
        var byStart: [Int: [MediaRange<Unit>]] = [:]
        for range in ranges where !range.isEmpty { byStart[range.start, default: []].append(range) }
        for start in byStart.keys { byStart[start]?.sort { $0.end < $1.end } }
        // Depth first, longest first; a dead end is remembered by never being
        // offered again, so each range is tried once.
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

    /// Replaces every range that smaller ones tile by the finest that do, and sorts
    /// by time. Smaller ones that leave a gap are left out.
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
                // What lies in one of them may tile it again.
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
