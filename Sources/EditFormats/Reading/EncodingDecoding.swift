import JSON
import MediaTime
import RenderPlans

/// Reads the format, the codecs and the settings that depend on them.
extension EditDecoding {
    /// x264 presets that an edit may request, all but `placebo`, which according to x264's
    /// documentation is slow without a gain in quality.
    private enum Preset: String, CaseIterable {
        case ultrafast, superfast, veryfast, faster, fast, medium, slow, slower, veryslow
    }

    /// A named quality of ClipForge's settings.
    private enum Quality: String, CaseIterable {
        case low, medium, high

        /// The codec's rate factor, as far from the codec's default as x264's is from its
        /// own.
        func crf(_ codec: Video.Codec) -> Int {
            let x264 =
                switch self {
                case .low: 28
                case .medium: 23
                case .high: 18
                }
            return x264 + codec.defaultCRF - Video.Codec.h264.defaultCRF
        }
    }

    private typealias Format = RenderPlan.OutputFormat
    private typealias Video = RenderPlan.VideoEncoding
    private typealias Audio = RenderPlan.AudioEncoding

    /// Reads the format and the codecs. Without a format, the codecs determine it.
    mutating func readEncoding(
        _ object: JSONObjectNode, isClipForge: Bool, into settings: inout RenderPlan.OutputSettings
    ) {
        let faultCount = reader.faults.count
        let format = object["format"].flatMap { reader.choice($0, Format.self) }
        let codec = object["codec"].flatMap { reader.choice($0, Video.Codec.self) }
        let audio = object["audio"].flatMap { reader.object($0) }
        let audioCodec = audio?["codec"].flatMap { reader.choice($0, Audio.Codec.self) }
        if reader.faults.count == faultCount {
            if let format {
                check(codec, audioCodec, in: format, object)
            } else if Format.holding(codec, audioCodec) == nil {
                reader.report(
                    "cannot be combined with \(codec?.rawValue ?? "any codec") in any format",
                    at: object.pointer.appending("audio").appending("codec"))
            }
        }
        settings.format = format ?? .holding(codec, audioCodec) ?? .mp4
        let usual = settings.format.videoCodecs.first ?? .lossless
        settings.video.codec = codec ?? usual
        settings.audio.codec =
            audioCodec ?? settings.format.usualAudioCodec(with: settings.video.codec)
        settings.isStreamed = object["hls"].map { isStreamed($0, settings) } ?? false
        if settings.format.kind == .animation { settings.frameRate = Rational(15) }
        readQuality(object, isClipForge: isClipForge, into: &settings.video)
    }

    /// Reads the streaming flag. The stream consists of the film's own chunks, so players
    /// must support their codec.
    private mutating func isStreamed(
        _ node: JSONNode, _ settings: RenderPlan.OutputSettings
    ) -> Bool {
        guard reader.flag(node) == true else { return false }
        guard settings.format == .mp4, settings.video.codec != .lossless else {
            let what = settings.format == .mp4 ? "lossless" : settings.format.rawValue
            reader.report(
                "is not supported for \(what), only for mp4 with h264, hevc or av1",
                at: node.pointer)
            return false
        }
        return true
    }

    /// Reports codecs that the format cannot hold.
    private mutating func check(
        _ codec: Video.Codec?, _ audio: Audio.Codec?, in format: Format, _ object: JSONObjectNode
    ) {
        let place = object.pointer
        if let codec, !format.videoCodecs.contains(codec) {
            report(
                codec.rawValue, format, format.videoCodecs.map(\.rawValue),
                at: place.appending("codec"))
        }
        if let audio, !format.audioCodecs.contains(audio) {
            report(
                audio.rawValue, format, format.audioCodecs.map(\.rawValue),
                at: place.appending("audio").appending("codec"))
        }
    }

    private mutating func report(
        _ word: String, _ format: Format, _ known: [String], at place: JSONPointer
    ) {
        let rest =
            known.isEmpty
            ? "the codec is fixed" : "use \(known.joined(separator: ", "))"
        reader.report(
            "\"\(word)\" is not supported in \(format.rawValue): \(rest)", at: place)
    }

    private mutating func readQuality(
        _ object: JSONObjectNode, isClipForge: Bool, into video: inout Video
    ) {
        video.crf = video.codec.defaultCRF
        if isClipForge, let quality = object["quality"] {
            video.crf = reader.choice(quality, Quality.self)?.crf(video.codec) ?? video.crf
        }
        let crfMax = Video.Codec.allCases.compactMap(\.crfRange?.upperBound).max() ?? 0
        if let node = object["crf"], let crf = reader.integer(node, in: 0...crfMax) {
            if let range = video.codec.crfRange, !range.contains(crf) {
                reader.report(
                    "must be from \(range.lowerBound) to \(range.upperBound) for"
                        + " \(video.codec.rawValue), not \(crf)",
                    at: node.pointer)
            }
            video.crf = crf
        }
        if let preset = object["preset"].flatMap({ reader.choice($0, Preset.self) }) {
            video.preset = preset.rawValue
        }
        readCeiling(object, into: &video)
        readSmartCut(object, into: &video)
        readEncoder(object, into: &video)
    }

    private mutating func readEncoder(_ object: JSONObjectNode, into video: inout Video) {
        guard let node = object["encoder"], let encoder = reader.choice(node, Video.Encoder.self)
        else { return }
        guard video.codec.hasHardwareEncoders, !video.copiesUntouched else {
            // Then auto is software.
            guard encoder.isHardware else { return }
            let what = video.copiesUntouched ? "smartCut" : video.codec.rawValue
            reader.report(
                "\"\(encoder.rawValue)\" cannot be combined with \(what)", at: node.pointer)
            return
        }
        if video.ceiling != nil, encoder.isHardware, encoder != .nvenc {
            reader.report(
                "\"\(encoder.rawValue)\" cannot be combined with maxBitrate", at: node.pointer)
        }
        video.encoder = encoder == .software ? nil : encoder
    }

    private mutating func readSmartCut(_ object: JSONObjectNode, into video: inout Video) {
        guard let node = object["smartCut"], let wanted = reader.flag(node), wanted else { return }
        guard video.codec == .h264 else {
            reader.report("is not supported for \(video.codec.rawValue)", at: node.pointer)
            return
        }
        if object["hls"]?.value == .bool(true) {
            reader.report("cannot be combined with hls", at: node.pointer)
        }
        if video.ceiling != nil {
            reader.report("cannot be combined with maxBitrate", at: node.pointer)
        }
        video.copiesUntouched = true
    }

    private mutating func readCeiling(_ object: JSONObjectNode, into video: inout Video) {
        let bounds = Limits.kilobitsMin...Limits.kilobitsMax
        let rate = object["maxBitrate"].flatMap { reader.integer($0, in: bounds) }
        let buffer = object["bufferSize"].flatMap { reader.integer($0, in: bounds) }
        guard let node = object["maxBitrate"] else {
            if let node = object["bufferSize"] {
                reader.report("requires maxBitrate", at: node.pointer)
            }
            return
        }
        guard [.h264, .hevc].contains(video.codec) else {
            reader.report("is not supported for \(video.codec.rawValue)", at: node.pointer)
            return
        }
        video.ceiling = rate.map {
            Video.Ceiling(kilobitsPerSecond: $0, bufferKilobits: buffer ?? 2 * $0)
        }
    }

    /// Reports a rate that the format cannot represent.
    mutating func checkRate(
        _ rate: Rational, of format: RenderPlan.OutputFormat, at object: JSONObjectNode,
        _ names: [String]
    ) {
        guard format.kind == .animation, rate > Limits.gifFrameRateMax,
            let node = names.lazy.compactMap({ object[$0] }).first
        else { return }
        reader.report(
            "must be at most \(Limits.gifFrameRateMax) frames per second for a GIF",
            at: node.pointer)
    }

    /// Reads the range of the timeline to export; reports one for a still, which has a time
    /// instead.
    mutating func range(
        _ node: JSONNode, _ format: RenderPlan.OutputFormat
    ) -> Edit.Range? {
        let range = range(node)
        guard format.kind == .still else { return range }
        reader.report(
            "is not supported in \(format.rawValue); use \"at\"", at: node.pointer)
        return nil
    }

    /// Reads the time at which a still is taken.
    mutating func stillTime(
        _ node: JSONNode, _ format: RenderPlan.OutputFormat
    ) -> Located<Rational>? {
        let time = reader.decimal(
            node, from: .zero, to: Rational(Limits.timelineSecondsMax),
            expected: "a number of seconds")
        guard format.kind == .still else {
            reader.report(
                "is not supported in \(format.rawValue), only in png and jpg",
                at: node.pointer)
            return nil
        }
        return time.map { Located($0, node.pointer) }
    }
}
