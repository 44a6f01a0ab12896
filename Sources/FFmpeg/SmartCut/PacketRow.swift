import MediaTime

/// A packet as listed by FFmpeg's `framecrc` muxer.
struct PacketRow {
    /// Presentation time in seconds.
    var shown: Rational
    /// Decode time in seconds; nil if the file has none.
    var decoded: Rational?
    /// In seconds.
    var duration: Rational
    var isKey: Bool
    /// Size and checksum; packets with equal values are taken for the same bytes.
    var content: String

    /// The packets of the first stream, in their order.
    ///
    /// The text is `#tb 0: 1/90000`, then lines
    /// `stream, dts, pts, duration, size, checksum[, F=flags]`.
    static func rows(framecrc text: String) -> [PacketRow] {
        var timeBase: Rational?
        var rows: [PacketRow] = []
        for line in text.split(separator: "\n") {
            if line.hasPrefix("#tb 0:") {
                let parts = line.dropFirst(6).split(separator: "/").map {
                    Int($0.drop { $0 == " " })
                }
                if parts.count == 2, let first = parts[0], let second = parts[1], second > 0 {
                    timeBase = Rational(first, second)
                }
            }
            guard !line.hasPrefix("#"), let timeBase else { continue }
            let fields = line.split(separator: ",").map { $0.drop { $0 == " " } }
            guard fields.count >= 6, let shown = Int(fields[2]), let length = Int(fields[3]),
                let decoded = Int(fields[1]), shown != .min
            else { continue }
            rows.append(
                PacketRow(
                    shown: Rational(shown) * timeBase,
                    decoded: decoded == .min ? nil : Rational(decoded) * timeBase,
                    duration: Rational(length) * timeBase,
                    isKey: !fields.dropFirst(6).contains { $0.hasPrefix("F=") },
                    content: "\(fields[4]) \(fields[5])"))
        }
        return rows
    }
}
