import MediaTime
import RenderPlans

/// The media information of a probe document, with the doubts that it raises.
struct ProbedMedia {
    let document: ProbeDocument
    /// Names of the decoders that this FFmpeg has.
    let decoders: Set<String>
    /// Times of the packets, by stream; nil if they were not read.
    var packets: SourcePackets?
    /// First decoded frame; nil if none was read.
    var frame: ProbedFrame?

    private var format: ProbeDocument.Format { document.format }
    private var streams: [ProbeDocument.Stream] { document.streams ?? [] }
    var demuxer: String { String(format.format_name.prefix { $0 != "," }) }

    /// Bytes of the file; nil if the probe does not know them.
    var bytes: Int? { format.size.flatMap { Int($0) } }

    // MARK: Streams

    private var pictures: [ProbeDocument.Stream] {
        streams.filter {
            $0.codec_type == "video" && $0.disposition?["attached_pic"] != 1
        }
    }

    /// The first video stream that can be decoded.
    var picture: ProbeDocument.Stream? {
        pictures.first {
            ($0.width ?? 0) > 0 && ($0.height ?? 0) > 0 && known($0.codec_name) != nil
                && known($0.pix_fmt) != nil
        }
    }

    /// The codec of a video stream if none can be decoded.
    var undecodablePicture: String? {
        guard picture == nil, let first = pictures.first else { return nil }
        return name(of: first)
    }

    private var audioStreams: [ProbeDocument.Stream] {
        streams.filter { $0.codec_type == "audio" }
    }

    private func isDecodable(_ audio: ProbeDocument.Stream) -> Bool {
        (audio.channels ?? 0) > 0 && known(audio.codec_name) != nil
            && known(audio.sample_fmt) != nil
    }

    /// The track that plays: the file's default, else the first; of those that can be decoded.
    private var audioStream: (ordinal: Int, stream: ProbeDocument.Stream)? {
        let usable = audioStreams.enumerated().filter { isDecodable($0.element) }
        let chosen = usable.first { $0.element.disposition?["default"] == 1 } ?? usable.first
        return chosen.map { ($0.offset, $0.element) }
    }

    private func name(of stream: ProbeDocument.Stream) -> String {
        known(stream.codec_name) ?? stream.codec_tag_string.flatMap { known($0) } ?? "unknown"
    }

    // MARK: Media

    /// True if the file is one picture.
    var isStill: Bool {
        guard let picture else { return false }
        if AllowedFormats.stills.contains(demuxer) { return true }
        if demuxer == "mov", Self.pictureBrands.contains(format.tags?["major_brand"] ?? "") {
            return true
        }
        return ["gif", "apng"].contains(demuxer) && picture.nb_frames == "1"
    }

    /// Brands of ISO files that hold one picture (ISO/IEC 23008-12; AVIF, 4.1).
    private static let pictureBrands: Set<String> = ["avif", "mif1", "heic", "heix"]

    /// Earliest time in the file, in microseconds.
    var start: Int {
        DecimalTime.microseconds(format.start_time) ?? packets?.start ?? 0
    }

    /// Length that the container states, in microseconds; 0 for none.
    var statedDuration: Int { max(0, DecimalTime.microseconds(format.duration) ?? 0) }

    /// The media information; nil if nothing can be decoded.
    var media: MediaInfo? {
        guard picture != nil || audioStream != nil else { return nil }
        let isStill = isStill
        var media = MediaInfo(
            kind: picture == nil ? .audio : isStill ? .image : .video,
            format: format.format_name,
            durationMicroseconds: isStill ? 0 : duration,
            startMicroseconds: isStill ? 0 : start,
            bitRate: format.bit_rate.flatMap { Int($0) },
            video: picture.map { video($0, isStill: isStill) },
            audio: isStill ? nil : audioStream.map { audio($0.stream, ordinal: $0.ordinal) })
        guard !isStill else {
            media.warnings = noneIfEmpty(pictureWarnings)
            return media
        }
        media.audioTracks = audioTracks
        media.audioEndMicroseconds = audioStream.flatMap { audioEnd($0.stream) }
        media.warnings = noneIfEmpty(lengthWarnings + pictureWarnings + audioWarnings)
        return media
    }

    /// The end of the video, which may be before that of the container: a clip of automatic
    /// length must not be longer than its frames.
    private var duration: Int {
        let whole = statedDuration
        if let packets {
            let stream = picture ?? audioStream?.stream
            let end = stream.flatMap { packets.end(of: $0.index) } ?? packets.end ?? start
            return max(0, packets.isWhole ? end - start : min(whole, end - start))
        }
        guard let picture,
            let length = DecimalTime.microseconds(picture.duration)
                ?? DecimalTime.sexagesimal(picture.tags?["DURATION"])
        else { return whole }
        // The tag of Matroska is the end of the stream, `duration` its length.
        let first = DecimalTime.microseconds(picture.start_time) ?? start
        let end = picture.duration == nil ? length : first - start + length
        return max(0, whole > 0 ? min(whole, end) : end)
    }

    /// End of an audio stream after the start of the file; nil if nothing states it.
    private func audioEnd(_ stream: ProbeDocument.Stream) -> Int? {
        if let end = packets?.end(of: stream.index) { return end - start }
        if let end = DecimalTime.sexagesimal(stream.tags?["DURATION"]) { return end }
        guard ["mov", "wav", "flac", "ogg"].contains(demuxer),
            let length = DecimalTime.microseconds(stream.duration)
        else { return nil }
        return (DecimalTime.microseconds(stream.start_time) ?? start) - start + length
    }

    private func video(_ stream: ProbeDocument.Stream, isStill: Bool) -> MediaInfo.Video {
        var average = Fraction.parse(stream.avg_frame_rate)
        let base = Fraction.parse(stream.r_frame_rate)
        if average == nil, let measured = packets?.frameRate(of: stream.index) {
            average = measured
        }
        var video = MediaInfo.Video(
            codec: stream.codec_name ?? "unknown", width: frame?.width ?? stream.width ?? 0,
            height: frame?.height ?? stream.height ?? 0,
            rotationDegrees: frame?.rotationDegrees ?? rotation(stream),
            sampleAspectRatio: Fraction.parse(stream.sample_aspect_ratio) ?? Rational(1),
            frameRate: isStill ? nil : average ?? base,
            isConstantFrameRate: average == nil || base == nil || average == base,
            pixelFormat: stream.pix_fmt ?? "unknown", colorSpace: known(stream.color_space),
            colorRange: known(stream.color_range), colorTransfer: known(stream.color_transfer),
            colorPrimaries: known(stream.color_primaries), streamIndex: stream.index,
            profile: known(stream.profile),
            reorderedFrames: isStill ? nil : stream.has_b_frames)
        video.orientation = frame?.ownOrientation
        video.firstField = isStill ? nil : firstField(stream)
        if let decoder = transparencyDecoder(stream) {
            video.decoder = decoder
            video.pixelFormat = "yuva420p"
        }
        return video
    }

    /// The field that is shown first; nil for progressive frames.
    private func firstField(_ stream: ProbeDocument.Stream) -> MediaInfo.Video.Field? {
        switch stream.field_order {
        case "tt", "bt": .top
        case "bb", "tb": .bottom
        case "progressive": nil
        // DV, raw video and others say it on the frame alone.
        default: frame?.firstField
        }
    }

    /// True if only a frame tells whether the video is interlaced.
    var needsFrameForFields: Bool {
        guard let picture, !isStill else { return false }
        return !["tt", "bb", "tb", "bt", "progressive"].contains(picture.field_order ?? "")
    }

    /// VP8 and VP9 carry alpha as a second stream, which FFmpeg's own decoders drop.
    private func hasHiddenAlpha(_ stream: ProbeDocument.Stream) -> Bool {
        ["vp8", "vp9"].contains(stream.codec_name ?? "")
            && stream.tags?.contains { $0.key.lowercased() == "alpha_mode" && $0.value == "1" }
                == true
    }

    private func transparencyDecoder(_ stream: ProbeDocument.Stream) -> String? {
        guard hasHiddenAlpha(stream), stream.pix_fmt == "yuv420p" else { return nil }
        let decoder = stream.codec_name == "vp8" ? "libvpx" : "libvpx-vp9"
        return decoders.contains(decoder) ? decoder : nil
    }

    /// The clockwise rotation in quarter turns; FFmpeg reports the angle counter-clockwise,
    /// from -180 to 180.
    private func rotation(_ stream: ProbeDocument.Stream) -> Int {
        guard let angle = stream.side_data_list?.compactMap(\.rotation).first, angle.isFinite
        else { return 0 }
        let quarter = Int((-angle / 90).rounded())
        return ((quarter % 4) + 4) % 4 * 90
    }

    private func audio(_ stream: ProbeDocument.Stream, ordinal: Int) -> MediaInfo.Audio {
        var audio = MediaInfo.Audio(
            codec: name(of: stream),
            sampleRate: stream.sample_rate.flatMap { Int($0) } ?? 48_000,
            channels: stream.channels ?? 2, streamIndex: stream.index)
        audio.ordinal = ordinal == 0 ? nil : ordinal
        return audio
    }

    private var audioTracks: [MediaInfo.AudioTrack]? {
        let tracks = audioStreams.enumerated().map { ordinal, stream in
            MediaInfo.AudioTrack(
                audio: audio(stream, ordinal: ordinal), language: stream.tags?["language"],
                title: stream.tags?["title"], isDecodable: isDecodable(stream))
        }
        return tracks.count > 1 || tracks.contains { !$0.isDecodable } ? tracks : nil
    }

    // MARK: Warnings

    private var lengthWarnings: [MediaWarning] {
        guard let packets else {
            guard statedDuration == 0 else { return [] }
            return [
                MediaWarning(
                    .lengthUnknown,
                    "The file states no length and has too many bytes to read every packet.")
            ]
        }
        let end = Rational(duration, 1_000_000)
        if packets.isWhole {
            let stated = statedDuration == 0 ? "The file states no length" : "The stated length"
            let rest =
                statedDuration == 0
                ? "; its packets last \(end.decimalText) s."
                : " is a guess; the packets last \(end.decimalText) s."
            return [MediaWarning(.lengthMeasured, stated + rest)]
        }
        if packets.isCutOff {
            let stated = Rational(statedDuration, 1_000_000)
            return [
                MediaWarning(
                    .cutOff,
                    "The file states \(stated.decimalText) s but ends at \(end.decimalText) s.",
                    start: end, end: stated)
            ]
        }
        return []
    }

    private var pictureWarnings: [MediaWarning] {
        guard let picture else {
            return pictures.first.map {
                [
                    MediaWarning(
                        .videoNotDecodable,
                        "The video (\(name(of: $0))) cannot be decoded; the file is used as audio.")
                ]
            } ?? []
        }
        var warnings: [MediaWarning] = []
        if hasHiddenAlpha(picture), transparencyDecoder(picture) == nil {
            warnings.append(
                MediaWarning(
                    .transparencyDropped,
                    "The transparency of this \(name(of: picture)) cannot be decoded; the picture"
                        + " is opaque."))
        }
        if !isStill, let field = firstField(picture) {
            warnings.append(
                MediaWarning(
                    .deinterlaced,
                    "The frames are interlaced (\(field.rawValue) field first); exports deinterlace"
                        + " them, to the field rate if their own rate is as high."))
        }
        return warnings
    }

    private var audioWarnings: [MediaWarning] {
        guard let chosen = audioStream else {
            let names = Set(audioStreams.map { name(of: $0) }).sorted().joined(separator: ", ")
            return audioStreams.isEmpty
                ? []
                : [
                    MediaWarning(
                        .audioNotDecodable,
                        "The audio (\(names)) cannot be decoded; the file is silent.")
                ]
        }
        var warnings: [MediaWarning] = []
        for (ordinal, stream) in audioStreams.enumerated() where !isDecodable(stream) {
            warnings.append(
                MediaWarning(
                    .audioTrackSkipped,
                    "Audio track \(ordinal) (\(name(of: stream))) cannot be decoded; track"
                        + " \(chosen.ordinal) is used."))
        }
        if let channels = chosen.stream.channels, channels > 2 {
            let layout = chosen.stream.channel_layout ?? "\(channels) channels"
            warnings.append(
                MediaWarning(
                    .audioMixedDown, "The audio (\(layout)) is mixed down to the export's channels."
                ))
        }
        return warnings
    }

    private func noneIfEmpty(_ warnings: [MediaWarning]) -> [MediaWarning]? {
        warnings.isEmpty ? nil : warnings
    }

    private func known(_ value: String?) -> String? {
        value == "unknown" || value == "none" || value?.isEmpty == true ? nil : value
    }
}

/// The first frame of a file, as `ffprobe -show_frames` prints it.
struct ProbedFrame: Decodable {
    var width: Int?
    var height: Int?
    private var interlaced_frame: Int?
    private var top_field_first: Int?
    private var tags: [String: String]?
    private var side_data_list: [ProbeDocument.SideData]?

    /// The field that is shown first; nil for a progressive frame.
    var firstField: MediaInfo.Video.Field? {
        interlaced_frame == 1 ? (top_field_first == 1 ? .top : .bottom) : nil
    }

    /// EXIF orientation, 1 to 8; nil for none.
    private var orientation: Int? {
        tags?["Orientation"].flatMap { text in
            let value = Int(text.filter(\.isNumber))
            return value.flatMap { (1...8).contains($0) ? $0 : nil }
        }
    }

    /// Clockwise rotation by the EXIF orientation; nil without one.
    var rotationDegrees: Int? {
        orientation.map { [1: 0, 2: 0, 3: 180, 4: 180, 5: 90, 6: 90, 7: 270, 8: 270][$0] ?? 0 }
    }

    /// The orientation if FFmpeg does not apply it: it follows the display matrix alone.
    var ownOrientation: Int? {
        let hasMatrix =
            side_data_list?.contains { $0.side_data_type == "3x3 displaymatrix" } ?? false
        return hasMatrix || orientation == 1 ? nil : orientation
    }
}
