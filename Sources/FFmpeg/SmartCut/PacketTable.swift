import MediaTime

/// The packets that were copied from a source, in decoding order.
struct PacketTable {
    /// A packet and the frame that it holds.
    struct Packet: Equatable {
        /// Frame on the source's grid at which the packet is shown.
        var frame: Int
        var isKey: Bool
        /// Size and checksum; packets with equal values are taken for the same bytes.
        var content: String
        /// Presentation time in seconds of the source.
        var shown: Rational
        /// Decode time in seconds of the source; nil if the file has none.
        var decoded: Rational?
    }

    private(set) var packets: [Packet] = []

    /// - Parameters:
    ///   - text: Output of the `framecrc` muxer.
    ///   - zero: Seconds at which the grid begins.
    init(framecrc text: String, zero: Rational, rate: Rational) {
        for row in PacketRow.rows(framecrc: text) {
            packets.append(
                Packet(
                    frame: ((row.shown - zero) * rate).rounded, isKey: row.isKey,
                    content: row.content, shown: row.shown, decoded: row.decoded))
        }
    }

    /// Packets that decode independently: they begin at a keyframe before which no later
    /// packet is shown, and hold every frame up to their end.
    struct Run: Equatable {
        /// Index of the first packet.
        var first: Int
        /// Number of packets, and of frames.
        var count: Int
        /// The first frame, on the source's grid.
        var frame: Int
    }

    /// The longest run inside a range of frames; nil if there is none.
    func run(inside frames: FrameRange) -> Run? {
        for (index, packet) in packets.enumerated()
        where packet.isKey && packet.frame >= frames.start {
            guard packet.frame < frames.end else { return nil }
            let count = length(from: index, before: frames.end)
            if count > 0 { return Run(first: index, count: count, frame: packet.frame) }
        }
        return nil
    }

    /// The number of packets from a keyframe on that hold exactly the frames from it on,
    /// all before `end`. 0 if a packet is shown before the keyframe (an open group of
    /// pictures) or a frame is a duplicate.
    private func length(from first: Int, before end: Int) -> Int {
        let origin = packets[first].frame
        var seen: Set<Int> = []
        var (last, best) = (origin, 0)
        for packet in packets[first...] {
            guard packet.frame >= origin, seen.insert(packet.frame).inserted else {
                // Leading frames follow their keyframe directly.
                return best <= 1 ? 0 : best
            }
            last = max(last, packet.frame)
            // No frame is missing if the last one is as far from the first as their number.
            if last - origin + 1 == seen.count {
                if last < end { best = seen.count } else { break }
            }
        }
        return best
    }

    /// The times in seconds between which the concat demuxer reads exactly a run, from a
    /// copy of these packets whose first one is decoded at 0.
    ///
    /// The demuxer seeks by presentation time and ends by decode time. Both times lie
    /// between packets, so that rounding cannot include another packet.
    /// - Returns: Nil if the file has no decode times.
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
