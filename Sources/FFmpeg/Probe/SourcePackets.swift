import MediaTime
import Synchronization

/// The times of a file's packets, as `ffprobe -show_entries packet` prints them.
struct SourcePackets: Sendable {
    /// One stream.
    struct Stream: Sendable {
        /// Number of packets.
        var count = 0
        /// Earliest and latest time in microseconds; nil without any.
        var first: Int?
        var end: Int?
        /// Sum of the packets' durations, for a stream without times.
        var length = 0
    }

    /// By stream index.
    private(set) var streams: [Int: Stream] = [:]
    /// True if every packet was read; false if only those near the end were.
    var isWhole: Bool
    /// True if the file ends before the length that it states.
    var isCutOff = false

    /// The entries that a line has, in ffprobe's order.
    static let entries = "packet=stream_index,pts_time,dts_time,duration_time"

    init(isWhole: Bool) { self.isWhole = isWhole }

    /// Reads a line `0,1.480000,1.440000,0.040000`; ignores any other.
    mutating func read(_ line: String) {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count >= 4, let index = Int(fields[0]) else { return }
        var stream = streams[index] ?? Stream()
        stream.count += 1
        let length = max(0, DecimalTime.microseconds(String(fields[3])) ?? 0)
        stream.length += length
        let time =
            DecimalTime.microseconds(String(fields[1]))
            ?? DecimalTime.microseconds(String(fields[2]))
        if let time {
            stream.first = min(stream.first ?? time, time)
            stream.end = max(stream.end ?? time, time + length)
        }
        streams[index] = stream
    }

    /// Earliest time of all streams; nil without any.
    var start: Int? { streams.values.compactMap(\.first).min() }

    /// End of all streams; nil without packets.
    var end: Int? { streams.keys.compactMap { end(of: $0) }.max() }

    /// End of a stream; nil without packets.
    func end(of index: Int) -> Int? {
        streams[index].map { $0.end ?? $0.length }
    }

    /// Frames per second of a stream whose packets were all read; nil for fewer than two.
    func frameRate(of index: Int) -> Rational? {
        guard isWhole, let stream = streams[index], stream.count > 1, let first = stream.first,
            let end = stream.end, end > first
        else { return nil }
        return Rational(stream.count * 1_000_000, end - first).standardFrameRate
    }
}

/// Gathers packet times from the lines of a running ffprobe.
final class PacketReader: Sendable {
    private let times: Mutex<SourcePackets>

    init(isWhole: Bool) { times = Mutex(SourcePackets(isWhole: isWhole)) }

    func read(_ line: String) { times.withLock { $0.read(line) } }

    var result: SourcePackets { times.withLock { $0 } }
}
