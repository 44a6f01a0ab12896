import MediaTime
import RenderPlans

/// The output of `ffprobe -show_format -show_streams -of json`, as far as it is used.
struct ProbeDocument: Decodable {
    struct Format: Decodable {
        var format_name: String
        var start_time: String?
        var duration: String?
        var bit_rate: String?
        var size: String?
        var tags: [String: String]?
    }

    struct Stream: Decodable {
        var index: Int
        var codec_type: String?
        var codec_name: String?
        var profile: String?
        var width: Int?
        var height: Int?
        var pix_fmt: String?
        var has_b_frames: Int?
        var sample_aspect_ratio: String?
        var r_frame_rate: String?
        var avg_frame_rate: String?
        var start_time: String?
        var duration: String?
        var nb_frames: String?
        var color_space: String?
        var color_range: String?
        var color_transfer: String?
        var color_primaries: String?
        var field_order: String?
        var sample_fmt: String?
        var sample_rate: String?
        var channels: Int?
        var channel_layout: String?
        var codec_tag_string: String?
        var disposition: [String: Int]?
        var tags: [String: String]?
        var side_data_list: [SideData]?
    }

    struct SideData: Decodable {
        var side_data_type: String?
        var rotation: Double?
    }

    var format: Format
    var streams: [Stream]?
}

/// Parsing of fractions as FFmpeg writes them: `30000/1001` or `4:3`.
enum Fraction {
    /// The fraction; nil for any other text and for zero, which FFmpeg writes for "unknown".
    static func parse(_ text: String?) -> Rational? {
        guard let parts = text?.split(whereSeparator: { $0 == "/" || $0 == ":" }),
            parts.count == 2, let top = Int32(parts[0]), let bottom = Int32(parts[1]),
            top > 0, bottom > 0
        else { return nil }
        return Rational(Int(top), Int(bottom))
    }
}

/// Parsing of times as FFmpeg writes them, exact to the microsecond.
enum DecimalTime {
    /// The microseconds of decimal seconds: -7,000 for `-0.007000`; nil for `N/A` and any
    /// other text.
    static func microseconds(_ text: String?) -> Int? {
        guard let text, !text.isEmpty else { return nil }
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0)
            .split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = Int32(parts[0]), whole >= 0 else { return nil }
        var micros = 0
        if parts.count == 2 {
            let digits = parts[1].prefix(6)
            guard let fraction = Int(digits), fraction >= 0 else { return nil }
            micros = fraction
            for _ in digits.count..<6 { micros *= 10 }
        }
        let total = Int(whole) * 1_000_000 + micros
        return isNegative ? -total : total
    }

    /// The microseconds of `00:01:02.345000000`, the format of Matroska.
    static func sexagesimal(_ text: String?) -> Int? {
        guard let parts = text?.split(separator: ":"), parts.count == 3,
            let hours = Int32(parts[0]), let minutes = Int32(parts[1]),
            let seconds = microseconds(String(parts[2]))
        else { return nil }
        return (Int(hours) * 3_600 + Int(minutes) * 60) * 1_000_000 + seconds
    }
}
