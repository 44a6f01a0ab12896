package import Editing

/// Ranges that lie end to end.
package enum Tiling {
    /// Chooses ranges that tile `whole` exactly, longest first at each step.
    /// - Returns: nil when the ranges cannot tile it.
    package static func cover(_ whole: FrameRange, with ranges: [FrameRange]) -> [FrameRange]? {
        var byStart: [Int: [FrameRange]] = [:]
        for range in ranges where !range.isEmpty { byStart[range.start, default: []].append(range) }
        for start in byStart.keys { byStart[start]?.sort { $0.end < $1.end } }
        // Depth first, longest first; a dead end is remembered by never being
        // offered again, so each range is tried once.
        var path: [FrameRange] = []
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

    /// Drops every range that holds a smaller one, and sorts the rest by time.
    package static func finest(_ ranges: [FrameRange]) -> [FrameRange] {
        let sorted = ranges.sorted { ($0.start, -$0.end) < ($1.start, -$1.end) }
        var result: [FrameRange] = []
        for range in sorted {
            while let last = result.last, last.end >= range.end, last.start <= range.start {
                result.removeLast()
            }
            result.append(range)
        }
        return result
    }
}
