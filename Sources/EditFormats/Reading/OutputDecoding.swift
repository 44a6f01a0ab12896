import JSON
import MediaTime
import RenderPlans

/// Sizes by name, as the length of the frame's shorter side (Shotstack's names and sizes,
/// and plain numbers).
enum Resolution: String, CaseIterable {
    case preview, mobile, sd, hd
    case p720 = "720"
    case p1080 = "1080"
    case p1440 = "1440"
    case uhd = "4k"

    var shorterSidePixels: Int {
        switch self {
        case .preview: 288
        case .mobile: 360
        case .sd: 576
        case .hd, .p720: 720
        case .p1080: 1080
        case .p1440: 1440
        case .uhd: 2160
        }
    }
}

extension EditDecoding {
    /// Reads the output from `output`, or from ClipForge's `settings`.
    mutating func output(of root: JSONObjectNode) -> Edit.Output {
        var settings = RenderPlan.OutputSettings(
            width: 1920, height: 1080, frameRate: Rational(30))
        if let background = root["timeline"].flatMap({ self.background($0) }) {
            settings.background = background
        }
        if let settingsNode = root["settings"], root["output"] != nil {
            reader.report("cannot be combined with output", at: settingsNode.pointer)
        }
        let isMeant = root["output"] == nil && (root["settings"] ?? root["project"]) != nil
        let place = root.pointer.appending(isMeant ? "settings" : "output")
        guard let node = root["output"] ?? root["settings"], let whole = reader.object(node)
        else { return Edit.Output(pointer: place, settings: settings, chunkSeconds: nil) }
        let isClipForge = root["output"] == nil
        let rateNames = isClipForge ? ["fps", "frameRate"] : ["fps"]
        let (object, sourceMatching) = sourceMatching(whole, rateNames: rateNames)

        readEncoding(object, isClipForge: isClipForge, into: &settings)
        if sourceMatching.size, settings.format.kind == .animation {
            reader.report(
                "\"source\" is not supported in \(settings.format.rawValue)",
                at: whole.pointer.appending("resolution"))
        }
        readSize(object, isClipForge: isClipForge, into: &settings)
        if let rate = first(of: rateNames, in: object, { $0.frameRate($1) }) {
            settings.frameRate = rate
            checkRate(rate, of: settings.format, at: object, rateNames)
        }
        let chunkSeconds = object["chunkSeconds"].flatMap {
            reader.decimal(
                $0, from: Limits.chunkSecondsMin, to: Limits.chunkSecondsMax,
                expected: "a number of seconds")
        }
        return Edit.Output(
            pointer: node.pointer, settings: settings, chunkSeconds: chunkSeconds,
            range: object["range"].flatMap { range($0, settings.format) },
            still: object["at"].flatMap { stillTime($0, settings.format) },
            sourceMatching: sourceMatching,
            captions: object["captions"].flatMap { captionFiles($0) })
    }

    private mutating func background(_ timeline: JSONNode) -> String? {
        // A timeline of the wrong type is reported when its tracks are read.
        guard case .object(let fields) = timeline.value,
            let node = JSONObjectNode(fields: fields, pointer: timeline.pointer)["background"]
        else { return nil }
        return color(node)
    }
}

// MARK: - Frame rate

extension EditDecoding {
    /// Reads a number or a fraction such as `"30000/1001"`. A number close to an NTSC rate
    /// becomes that rate: 29.97 and 29.97002997 are 30000/1001. Other numbers are rounded
    /// to the thousandth, so that an average rate can be passed on.
    private mutating func frameRate(_ node: JSONNode) -> Rational? {
        let rate: Rational?
        switch node.value {
        case .integer, .number:
            let number = node.value.double.flatMap { Rational(decimal: $0) }
            rate = number.map { $0.broadcastFrameRate ?? $0 }
        case .string(let text): rate = Self.fraction(text)
        default: return reader.mismatch(node, expected: "a number or a fraction")
        }
        guard let rate else {
            reader.report(
                "must be a number of frames per second or a fraction such as \"30000/1001\"",
                at: node.pointer)
            return nil
        }
        guard Limits.frameRateMin <= rate, rate <= Limits.frameRateMax else {
            reader.report(
                "must be from \(Limits.frameRateMin) to \(Limits.frameRateMax)"
                    + " frames per second",
                at: node.pointer)
            return nil
        }
        return rate.standardFrameRate
    }

    private static func fraction(_ text: String) -> Rational? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let numerator = digits(parts[0], lengthMax: 6) else {
            return nil
        }
        let denominator = parts.count == 2 ? digits(parts[1], lengthMax: 4) : 1
        guard let denominator, denominator > 0 else { return nil }
        let rate = Rational(numerator, denominator)
        let isSmall =
            rate.numerator <= Limits.frameRateNumeratorMax
            && rate.denominator <= Limits.frameRateDenominatorMax
        return isSmall ? rate : nil
    }

    /// Parses a whole number of plain digits.
    static func digits(_ text: Substring, lengthMax: Int) -> Int? {
        guard !text.isEmpty, text.utf8.count <= lengthMax,
            text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) })
        else { return nil }
        return Int(text)
    }
}

// MARK: - Size

extension EditDecoding {
    /// A size in pixels and the field that determined it.
    private struct Size {
        var width: Int
        var height: Int
        var pointer: JSONPointer
    }

    private mutating func readSize(
        _ object: JSONObjectNode, isClipForge: Bool, into settings: inout RenderPlan.OutputSettings
    ) {
        let faultCount = reader.faults.count
        let given = isClipForge ? clipForgeSize(object) : object["size"].flatMap { size($0) }
        let usual: Resolution = settings.format.kind == .animation ? .mobile : .p1080
        let named = namedSize(object, usual: usual, isClipForge: isClipForge)
        guard reader.faults.count == faultCount, let size = given ?? named else { return }
        let lengthMax =
            settings.format.kind == .animation
            ? Limits.gifSidePixelsMax : Limits.sidePixelsMax
        guard max(size.width, size.height) <= lengthMax,
            size.width * size.height <= Limits.framePixelsMax
        else {
            reader.report(
                "makes the picture \(size.width)x\(size.height); at most \(lengthMax) pixels per side"
                    + " and \(Limits.framePixelsMax) in total are allowed",
                at: size.pointer)
            return
        }
        let lengthMin = Limits.av1SidePixelsMin
        guard settings.video.codec != .av1 || min(size.width, size.height) >= lengthMin else {
            reader.report(
                "makes the picture \(size.width)x\(size.height); av1 requires at least"
                    + " \(lengthMin) pixels per side",
                at: size.pointer)
            return
        }
        settings.width = size.width
        settings.height = size.height
    }

    /// Reads a size in pixels. Odd numbers are rounded down: 4:2:0 frames have even sides.
    private mutating func size(_ node: JSONNode) -> Size? {
        guard let object = reader.object(node) else { return nil }
        let bounds = Limits.sidePixelsMin...Limits.sidePixelsMax
        let width = reader.required("width", of: object)
            .flatMap { reader.integer($0, in: bounds) }
        let height = reader.required("height", of: object)
            .flatMap { reader.integer($0, in: bounds) }
        guard let width, let height else { return nil }
        return Size(width: width & ~1, height: height & ~1, pointer: node.pointer)
    }

    /// Reads the size that `resolution` and `aspectRatio` together determine.
    private mutating func namedSize(
        _ object: JSONObjectNode, usual: Resolution, isClipForge: Bool
    ) -> Size? {
        var side = usual.shorterSidePixels
        if !isClipForge, let node = object["resolution"] {
            side = reader.choice(node, Resolution.self)?.shorterSidePixels ?? side
        }
        if isClipForge, let node = object["resolution"], case .string(let word) = node.value {
            side = clipForgeSide(word) ?? side
        }
        let (wide, high) = object["aspectRatio"].flatMap { aspectRatio($0) } ?? (16, 9)
        let longer = 2 * Rational(side * max(wide, high), 2 * min(wide, high)).rounded
        let place = object.pointer.appending(
            object["aspectRatio"] == nil ? "resolution" : "aspectRatio")
        return wide >= high
            ? Size(width: longer, height: side, pointer: place)
            : Size(width: side, height: longer, pointer: place)
    }

    private mutating func aspectRatio(_ node: JSONNode) -> (Int, Int)? {
        guard case .string(let text) = node.value else {
            return reader.mismatch(node, expected: "a string")
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let wide = Self.digits(parts[0], lengthMax: 2), wide > 0,
            let high = Self.digits(parts[1], lengthMax: 2), high > 0
        else {
            reader.report("must be a ratio such as 16:9, 9:16, 1:1 or 4:5", at: node.pointer)
            return nil
        }
        return (wide, high)
    }
}

// MARK: - ClipForge

extension EditDecoding {
    /// Reads a size in pixels from `resolution: "1920x1080"`, `resolution: {width, height}`
    /// or `width` and `height`; nil if the settings only name a size.
    private mutating func clipForgeSize(_ settings: JSONObjectNode) -> Size? {
        guard let node = settings["resolution"] else {
            let isGiven = settings["width"] != nil || settings["height"] != nil
            return isGiven
                ? size(JSONNode(.object(settings.fields), settings.pointer)) : nil
        }
        guard case .string(let word) = node.value else {
            if case .object = node.value { return size(node) }
            return reader.mismatch(node, expected: "a string or an object")
        }
        let parts = word.split(separator: "x", omittingEmptySubsequences: false)
        if parts.count == 2 {
            let bounds = Limits.sidePixelsMin...Limits.sidePixelsMax
            if let width = Self.digits(parts[0], lengthMax: 4), bounds.contains(width),
                let height = Self.digits(parts[1], lengthMax: 4), bounds.contains(height)
            {
                return Size(width: width & ~1, height: height & ~1, pointer: node.pointer)
            }
        } else if clipForgeSide(word) != nil {
            return nil
        }
        let known = Resolution.allCases.map(\.rawValue).joined(separator: ", ")
        reader.report(
            "must be a size such as \"1920x1080\" (sides from \(Limits.sidePixelsMin) to"
                + " \(Limits.sidePixelsMax)), \"1080p\", or one of \(known)",
            at: node.pointer)
        return nil
    }

    /// The shorter side of `1080p` or of any name in `output.resolution`, in pixels.
    private func clipForgeSide(_ word: String) -> Int? {
        if word == "4K" { return Resolution.uhd.shorterSidePixels }
        if let known = Resolution(rawValue: word) { return known.shorterSidePixels }
        guard word.hasSuffix("p"), let lines = Self.digits(word.dropLast(), lengthMax: 4) else {
            return nil
        }
        let bounds = Limits.sidePixelsMin...Limits.sidePixelsMax
        return bounds.contains(lines) ? lines & ~1 : nil
    }
}
