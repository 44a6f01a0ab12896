import MediaTime

/// The packets that a copy took out of a source, in the order of decoding.
struct PacketTable {
    struct Packet: Equatable {
        /// Frame on the source's grid that the packet's picture shows at.
        var frame: Int
        var isKey: Bool
        /// Size and checksum: two packets that agree are the same bytes.
        var content: String
        /// In seconds of the source.
        var shown: Rational
        var decoded: Rational?
    }

    private(set) var packets: [Packet] = []

    /// - Parameters:
    ///   - text: What the `framecrc` muxer writes.
    ///   - zero: Seconds at which the grid begins.
    init(framecrc text: String, zero: Rational, rate: Rational) {
        for row in PacketRow.rows(framecrc: text) {
            packets.append(
                Packet(
                    frame: ((row.shown - zero) * rate).rounded, isKey: row.isKey,
                    content: row.content, shown: row.shown, decoded: row.decoded))
        }
    }

    /// The run of packets that stands alone: it begins at a keyframe that no
    /// later packet reaches behind, and holds each frame up to its end.
    struct Run: Equatable {
        /// Index of the first packet.
        var first: Int
        /// As many packets as frames.
        var count: Int
        /// The first frame, on the source's grid.
        var frame: Int
    }

    /// The longest run inside those frames; nil where there is none.
    func run(inside frames: FrameRange) -> Run? {
        for (index, packet) in packets.enumerated()
        where packet.isKey && packet.frame >= frames.start {
            guard packet.frame < frames.end else { return nil }
            let count = length(from: index, before: frames.end)
            if count > 0 { return Run(first: index, count: count, frame: packet.frame) }
        }
        return nil
    }

    /// How many packets from a keyframe on have exactly the frames that follow
    /// it, none of them at or behind `end`. 0 where a packet shows before the
    /// keyframe (an open GOP) or a frame stands twice.
    private func length(from first: Int, before end: Int) -> Int {
        let origin = packets[first].frame
        var seen: Set<Int> = []
        var (last, best) = (origin, 0)
        for packet in packets[first...] {
            guard packet.frame >= origin, seen.insert(packet.frame).inserted else {
                // Leading pictures follow their keyframe at once.
                return best <= 1 ? 0 : best
            }
            last = max(last, packet.frame)
            // All frames so far are there when the latest is as far as they are many.
            if last - origin + 1 == seen.count {
                if last < end { best = seen.count } else { break }
            }
        }
        return best
    }

    /// Where a run lies in a copy of these packets whose first one is decoded
    /// at 0: the moments, in seconds, between which the concat demuxer finds
    /// exactly the run. It seeks by the time at which a packet is shown, and
    /// ends at one by which it is decoded.
    ///
    /// Both lie between packets, so that no rounding can take the next one.
    /// - Returns: nil where the file tells no decode times.
    func window(of run: Run, rate: Rational) -> (start: Rational, end: Rational?)? {
        guard let origin = packets.first?.decoded else { return nil }
        let start = packets[run.first].shown - origin + Rational(1, 4) / rate
        let next = run.first + run.count
        guard next < packets.count else { return (start, nil) }
        guard let last = packets[next - 1].decoded, let other = packets[next].decoded else {
            return nil
        }
        return (start, (last + other) / Rational(2) - origin)
    }
}
