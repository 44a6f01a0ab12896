import MediaTime
import RenderPlans

/// The output of `ffprobe -show_format -show_streams -of json`, as far as it is used.
struct ProbeDocument: Decodable {
    struct Format: Decodable {
        var format_name: String
        var start_time: String?
        var duration: String?
        var bit_rate: String?
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
        var sample_rate: String?
        var channels: Int?
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

extension ProbeDocument {
    /// The probe as `MediaInfo`; nil if the file has neither video nor audio.
    var mediaInfo: MediaInfo? {
        let picture = (streams ?? []).first {
            $0.codec_type == "video" && $0.disposition?["attached_pic"] != 1
                && ($0.width ?? 0) > 0 && ($0.height ?? 0) > 0
        }
        let audioStream = (streams ?? []).first {
            $0.codec_type == "audio" && ($0.channels ?? 0) > 0
        }
        guard picture != nil || audioStream != nil else { return nil }
        let isStill = picture.map(isStill) ?? false
        let start = DecimalTime.microseconds(format.start_time) ?? 0
        return MediaInfo(
            kind: picture == nil ? .audio : isStill ? .image : .video,
            format: format.format_name,
            durationMicroseconds: isStill ? 0 : duration(of: picture, start: start),
            startMicroseconds: isStill ? 0 : start,
            bitRate: format.bit_rate.flatMap { Int($0) },
            video: picture.map { video($0, isStill: isStill) },
            audio: isStill ? nil : audioStream.map(audio))
    }

    private func isStill(_ stream: Stream) -> Bool {
        let demuxer = String(format.format_name.prefix { $0 != "," })
        if AllowedFormats.stills.contains(demuxer) { return true }
        return ["gif", "apng"].contains(demuxer) && stream.nb_frames == "1"
    }

    /// The end of the video, which may be before that of the container: a clip of automatic
    /// length must not be longer than its frames.
    private func duration(of picture: Stream?, start: Int) -> Int {
        let whole = DecimalTime.microseconds(format.duration) ?? 0
        guard let picture,
            let length = DecimalTime.microseconds(picture.duration)
                ?? DecimalTime.sexagesimal(picture.tags?["DURATION"])
        else { return max(0, whole) }
        // The tag of Matroska is the end of the stream, `duration` its length.
        let first = DecimalTime.microseconds(picture.start_time) ?? start
        let end = picture.duration == nil ? length : first - start + length
        return max(0, whole > 0 ? min(whole, end) : end)
    }

    private func video(_ stream: Stream, isStill: Bool) -> MediaInfo.Video {
        let average = Fraction.parse(stream.avg_frame_rate)
        let base = Fraction.parse(stream.r_frame_rate)
        return MediaInfo.Video(
            codec: stream.codec_name ?? "unknown", width: stream.width ?? 0,
            height: stream.height ?? 0, rotationDegrees: rotation(stream),
            sampleAspectRatio: Fraction.parse(stream.sample_aspect_ratio) ?? Rational(1),
            frameRate: isStill ? nil : average ?? base,
            isConstantFrameRate: average == nil || base == nil || average == base,
            pixelFormat: stream.pix_fmt ?? "unknown", colorSpace: known(stream.color_space),
            colorRange: known(stream.color_range), colorTransfer: known(stream.color_transfer),
            colorPrimaries: known(stream.color_primaries), streamIndex: stream.index,
            profile: known(stream.profile),
            reorderedFrames: isStill ? nil : stream.has_b_frames)
    }

    /// The clockwise rotation in quarter turns; FFmpeg reports the angle counter-clockwise,
    /// from -180 to 180.
    private func rotation(_ stream: Stream) -> Int {
        guard let angle = stream.side_data_list?.compactMap(\.rotation).first, angle.isFinite
        else { return 0 }
        let quarter = Int((-angle / 90).rounded())
        return ((quarter % 4) + 4) % 4 * 90
    }

    private func audio(_ stream: Stream) -> MediaInfo.Audio {
        MediaInfo.Audio(
            codec: stream.codec_name ?? "unknown",
            sampleRate: stream.sample_rate.flatMap { Int($0) } ?? 48_000,
            channels: stream.channels ?? 2, streamIndex: stream.index)
    }

    private func known(_ value: String?) -> String? { value == "unknown" ? nil : value }
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
