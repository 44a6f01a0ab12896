import Captions
import JSON
import MediaTime

/// Reads an asset of type `text` or `caption`.
extension EditDecoding {
    // MARK: Text

    mutating func text(_ asset: JSONObjectNode) -> Edit.Content? {
        let text = reader.required("text", of: asset).flatMap {
            reader.text($0, lengthMax: CaptionLimits.textCharactersMax)
        }
        let preset: TextTitle.Preset? = asset["style"].flatMap { reader.choice($0) }
        var request = Edit.Text(text: text ?? "", preset: preset ?? .title)
        if let font = asset["font"].flatMap({ reader.object($0) }) {
            request.font = self.font(font)
        }
        if let stroke = asset["stroke"].flatMap({ reader.object($0) }) {
            request.outlineColor = stroke["color"].flatMap { color($0) }
            request.outlineWidth = stroke["width"].flatMap { pixels($0) }
        }
        if let box = asset["background"].flatMap({ reader.object($0) }) {
            request.boxColor = reader.required("color", of: box).flatMap { color($0) }
            request.boxOpacity = box["opacity"].flatMap { fraction($0) }
            request.boxPadding = box["padding"].flatMap { pixels($0) }
        }
        if let text, text.split(separator: "\n").count > CaptionLimits.textLineCountMax {
            reader.report(
                "has more than \(CaptionLimits.textLineCountMax) lines",
                at: asset.pointer.appending("text"))
        }
        return text.map { _ in .text(request) }
    }

    private mutating func font(_ object: JSONObjectNode) -> Edit.Font {
        var font = Edit.Font()
        font.family = object["family"].flatMap { fontFamily($0) }
        font.size = object["size"].flatMap { fontSize($0) }
        font.color = object["color"].flatMap { color($0) }
        font.isBold = object["bold"].flatMap { reader.flag($0) }
        font.isItalic = object["italic"].flatMap { reader.flag($0) }
        return font
    }

    private mutating func fontFamily(_ node: JSONNode) -> String? {
        let lengthMax = CaptionLimits.fontNameCharactersMax
        guard let name = reader.text(node, lengthMax: lengthMax) else { return nil }
        guard TextFont.isName(name) else {
            reader.report(
                "must be a font name: only letters, digits, spaces and - _ . ' + &",
                at: node.pointer)
            return nil
        }
        return name
    }

    private mutating func fontSize(_ node: JSONNode) -> Int? {
        reader.integer(node, in: 1...CaptionLimits.tallestFontPixels)
    }

    private mutating func pixels(_ node: JSONNode) -> Int? {
        reader.integer(node, in: 0...CaptionLimits.outlinePixelsMax)
    }

    // MARK: Captions

    private enum SidecarFormat: String, CaseIterable { case srt, vtt, ass }

    /// Reads the formats of the caption files to store with the result: `["srt", "vtt"]`.
    mutating func captionFiles(_ node: JSONNode) -> Located<[CaptionFormat]>? {
        guard let elements = reader.array(node, maximum: SidecarFormat.allCases.count) else {
            return nil
        }
        var formats: [CaptionFormat] = []
        for element in elements {
            guard let word = reader.choice(element, SidecarFormat.self),
                let format = CaptionFormat(rawValue: word.rawValue)
            else { continue }
            if !formats.contains(format) { formats.append(format) }
        }
        return formats.isEmpty ? nil : Located(formats, node.pointer)
    }

    mutating func captions(_ asset: JSONObjectNode) -> Edit.Content? {
        let source = captionSource(asset)
        let trim = asset["trim"].flatMap { self.trim($0) }
        var request = Edit.Captions(
            source: source ?? .track(CaptionTrack(cues: [])),
            trim: trim ?? Located(.zero, asset.pointer.appending("trim")))
        if let node = asset["style"] { style(node, into: &request) }
        return source.map { _ in .captions(request) }
    }

    private mutating func captionSource(_ asset: JSONObjectNode) -> Edit.Captions.Source? {
        let given = ["captions", "words", "text"].compactMap { name in
            asset[name].map { (name, $0) }
        }
        guard let (name, node) = given.first else {
            reader.report("needs captions, words or text", at: asset.pointer)
            return nil
        }
        guard given.count == 1 else {
            reader.report("cannot be combined with \(name)", at: given[1].1.pointer)
            return nil
        }
        if name == "captions" { return assetID(node).map { .asset($0) } }
        do throws(CaptionFault) {
            if name == "words" { return .track(try CaptionTrack(inRequest: node)) }
            guard let text = reader.text(node, lengthMax: CaptionLimits.fileBytesMax) else {
                return nil
            }
            let format: CaptionFormat = text.hasPrefix("WEBVTT") ? .vtt : .srt
            return .track(try CaptionTrack(Array(text.utf8), format: format))
        } catch {
            if let place = error.pointer {
                reader.report(error.detail, at: place)
            } else {
                reader.report("is invalid: \(error.description)", at: node.pointer)
            }
            return nil
        }
    }

    /// Reads a preset's name, or an object based on a preset. Names with hyphens are
    /// JSON2Video's.
    private mutating func style(_ node: JSONNode, into request: inout Edit.Captions) {
        if case .string = node.value {
            request.preset = reader.choice(node) ?? request.preset
            return
        }
        guard let style = reader.object(node) else { return }
        for name in ["preset", "style"] {
            request.preset = style[name].flatMap { reader.choice($0) } ?? request.preset
        }
        request.animation = style["animation"].flatMap { reader.choice($0) }
        request.font.family = first(of: ["fontFamily", "font-family"], in: style) {
            $0.fontFamily($1)
        }
        request.font.size = first(of: ["fontSize", "font-size"], in: style) { $0.fontSize($1) }
        request.font.isBold = style["bold"].flatMap { reader.flag($0) }
        request.isUppercase = first(of: ["uppercase", "all-caps"], in: style) { $0.reader.flag($1) }
        request.position = style["position"].flatMap { captionPosition($0) }
        request.outlineWidth = first(of: ["outlineWidth", "outline-width"], in: style) {
            $0.pixels($1)
        }
        let colors = style["colors"].flatMap { reader.object($0) }
        request.font.color = colors?["text"].flatMap { color($0) } ?? named("line-color", style)
        request.wordColor = colors?["word"].flatMap { color($0) } ?? named("word-color", style)
        request.outlineColor =
            colors?["outline"].flatMap { color($0) } ?? named("outline-color", style)
        request.boxColor = colors?["box"].flatMap { color($0) } ?? named("box-color", style)
        request.wordsPerLineMax = first(of: ["maxWordsPerLine", "max-words-per-line"], in: style) {
            $0.reader.integer($1, in: 1...CaptionLimits.wordsPerLineMax)
        }
        request.lineCountMax = style["maxLines"].flatMap {
            reader.integer($0, in: 1...CaptionLimits.linesPerPageMax)
        }
        request.combineMilliseconds = style["combineTokensWithinMilliseconds"].flatMap {
            reader.integer($0, in: 1...CaptionLimits.cueMillisecondsMax)
        }
    }

    private mutating func named(_ name: String, _ style: JSONObjectNode) -> String? {
        style[name].flatMap { color($0) }
    }

    private static let hyphenated: [String: AnchorPosition] = [
        "center-center": .center, "top-center": .top, "top-right": .topRight,
        "center-right": .right, "bottom-right": .bottomRight, "bottom-center": .bottom,
        "bottom-left": .bottomLeft, "center-left": .left, "top-left": .topLeft,
    ]

    /// Reads `bottom`, or JSON2Video's `bottom-center`.
    private mutating func captionPosition(_ node: JSONNode) -> AnchorPosition? {
        if case .string(let word) = node.value, let position = Self.hyphenated[word] {
            return position
        }
        return reader.choice(node)
    }
}

extension CaptionTrack {
    /// Creates a track from words in the request.
    fileprivate init(inRequest node: JSONNode) throws(CaptionFault) {
        guard case .array(let values) = node.value else {
            throw CaptionFault(
                "must be an array, not \(node.value.kindDescription)", at: node.pointer)
        }
        guard values.count <= CaptionLimits.wordCountMax else {
            throw CaptionFault(
                "has \(values.count) elements; at most \(CaptionLimits.wordCountMax) are allowed",
                at: node.pointer)
        }
        try self.init(words: node)
        guard !words.isEmpty else { throw CaptionFault("has no words", at: node.pointer) }
    }
}
