extension Edit {
    /// A text as the caller wishes it; what is nil is the preset's.
    package struct Text: Hashable, Sendable {
        package var text: String
        package var preset: TextTitle.Preset
        package var font = Font()
        package var outlineColor: String?
        package var outlineWidth: Int?
        package var boxColor: String?
        package var boxOpacity: Rational?
        package var boxPadding: Int?
    }

    /// Letters as the caller wishes them. Sizes are pixels of the output,
    /// colours `RRGGBB`.
    package struct Font: Hashable, Sendable {
        package var family: String?
        package var size: Int?
        package var color: String?
        package var isBold: Bool?
        package var isItalic: Bool?
    }

    /// Captions as the caller wishes them.
    package struct Captions: Hashable, Sendable {
        /// Where the words come from.
        package enum Source: Hashable, Sendable {
            /// An uploaded file.
            case asset(Located<String>)
            /// In the request itself.
            case track(CaptionTrack)
        }

        package var source: Source
        /// In-point: seconds after the start of the captions, so that a clip
        /// of a long recording takes that recording's captions.
        package var trim: Located<Rational>
        package var preset = CaptionStyle.Preset.highlight
        package var animation: CaptionStyle.Animation?
        package var font = Font()
        package var isUppercase: Bool?
        package var wordColor: String?
        package var outlineColor: String?
        package var outlineWidth: Int?
        package var boxColor: String?
        package var position: Position?
        package var mostWordsPerLine: Int?
        package var mostLines: Int?
        package var combineMilliseconds: Int?
    }
}

extension TextTitle {
    /// The text in an output of that size.
    init(_ wish: Edit.Text, look: Edit.Look, output: RenderPlan.OutputSettings) {
        self.init(wish.text, wish.preset, width: output.width, height: output.height)
        let preset = anchor.position
        anchor = TextAnchor(
            look.position == .center ? preset : look.position, width: output.width,
            height: output.height, offset: (look.offsetX, look.offsetY))
        fontFamily = wish.font.family ?? fontFamily
        fontSize = TextFont.size(wish.font.size ?? fontSize, scale: look.scale)
        color = wish.font.color ?? color
        isBold = wish.font.isBold ?? isBold
        isItalic = wish.font.isItalic ?? isItalic
        outlineColor = wish.outlineColor ?? outlineColor
        outlineWidth = wish.outlineWidth ?? (wish.outlineColor == nil ? outlineWidth : 3)
        if wish.font.size != nil, wish.outlineWidth == nil, outlineWidth > 0 {
            outlineWidth = max(1, fontSize * 6 / 100)
        }
        boxColor = wish.boxColor ?? boxColor
        boxOpacity = wish.boxOpacity ?? boxOpacity
        boxPadding = wish.boxPadding ?? fontSize * 3 / 10
    }
}

extension CaptionStyle {
    /// The style in an output of that size.
    init(_ wish: Edit.Captions, look: Edit.Look, output: RenderPlan.OutputSettings) {
        self.init(wish.preset, width: output.width, height: output.height)
        if let position = wish.position ?? (look.position == .center ? nil : look.position) {
            anchor = TextAnchor(
                position, width: output.width, height: output.height,
                offset: (look.offsetX, look.offsetY))
        } else {
            anchor.x += (look.offsetX * Rational(output.width)).rounded
            anchor.y -= (look.offsetY * Rational(output.height)).rounded
        }
        animation = wish.animation ?? animation
        fontFamily = wish.font.family ?? fontFamily
        let size = TextFont.size(wish.font.size ?? fontSize, scale: look.scale)
        if size != fontSize {
            // The preset's proportions.
            outlineWidth = (Rational(outlineWidth * size, fontSize)).rounded
            shadow = (Rational(shadow * size, fontSize)).rounded
            boxPadding = (Rational(boxPadding * size, fontSize)).rounded
            fontSize = size
        }
        isBold = wish.font.isBold ?? isBold
        isUppercase = wish.isUppercase ?? isUppercase
        textColor = wish.font.color ?? textColor
        wordColor = wish.wordColor ?? wordColor
        outlineColor = wish.outlineColor ?? outlineColor
        outlineWidth = wish.outlineWidth ?? outlineWidth
        boxColor = wish.boxColor ?? boxColor
        paging.mostWordsPerLine = wish.mostWordsPerLine ?? paging.mostWordsPerLine
        paging.mostLines = wish.mostLines ?? paging.mostLines
        paging.combineMilliseconds = wish.combineMilliseconds ?? paging.combineMilliseconds
    }
}

extension TextFont {
    fileprivate static func size(_ pixels: Int, scale: Rational) -> Int {
        (Rational(pixels) * scale).rounded.clamped(to: 1...CaptionLimits.tallestFontPixels)
    }
}

extension CaptionTrack {
    /// The track from an in-point on; what began before it is cut there.
    func trimmed(from milliseconds: Int) -> CaptionTrack {
        guard milliseconds > 0 else { return self }
        var kept: [CaptionCue] = []
        for cue in cues where cue.end > milliseconds {
            let words = cue.words.filter { $0.end > milliseconds }.map { word in
                CaptionWord(
                    word.text, start: max(0, word.start - milliseconds),
                    end: word.end - milliseconds, startsLine: word.startsLine)
            }
            guard !words.isEmpty else { continue }
            kept.append(
                CaptionCue(
                    start: max(0, cue.start - milliseconds), end: cue.end - milliseconds,
                    words: words))
        }
        return CaptionTrack(cues: kept)
    }
}
