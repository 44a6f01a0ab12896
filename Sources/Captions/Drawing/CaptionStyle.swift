package import MediaTime

/// The look of captions, resolved to pixels of the output.
package struct CaptionStyle: Hashable, Sendable, Codable {
    /// The effect on a word while it is spoken.
    package enum Animation: String, Hashable, Sendable, Codable, CaseIterable {
        /// No effect.
        case none
        /// Each word appears when it is spoken and stays.
        case progressive
        /// The word is drawn in `wordColor`.
        case highlight
        /// A colour sweeps over the word.
        case karaoke
        /// The word is drawn in `wordColor`, and each page springs up.
        case scale
        /// A box is drawn behind the word.
        case box
    }

    /// The effect on the spoken word.
    package var animation: Animation
    /// Family name of the font.
    package var fontFamily: String
    /// Height of a line in pixels, as libass counts: ascender and descender.
    package var fontSize: Int
    /// True for bold letters.
    package var isBold: Bool
    /// True if the words are written in upper case.
    package var isUppercase: Bool
    /// Colour of words that are not being spoken, `RRGGBB`.
    package var textColor: String
    /// Colour of the word that is being spoken, `RRGGBB`.
    package var wordColor: String
    /// Colour of the outline, `RRGGBB`.
    package var outlineColor: String
    /// Width of the outline in pixels of the output.
    package var outlineWidth: Int
    /// Offset of the shadow in pixels of the output.
    package var shadow: Int
    /// Colour of the box behind the spoken word (`box`) or behind the page (`hasPageBox`),
    /// `RRGGBB`.
    package var boxColor: String
    /// Opacity of the box, from 0 (invisible) to 1 (opaque).
    package var boxOpacity: Rational
    /// Pixels of the output between the text and the edge of its box.
    package var boxPadding: Int
    /// True if a box is drawn behind the whole page.
    package var hasPageBox: Bool
    /// The position of the text in the output.
    package var anchor: TextAnchor
    /// The rules that divide words into pages.
    package var paging: CaptionPaging
}

/// The point of a text and its place in the output.
package struct TextAnchor: Hashable, Sendable, Codable {
    /// The point of the text that is placed at `x` and `y`.
    package var position: AnchorPosition
    /// Distance from the left edge of the output in pixels.
    package var x: Int
    /// Distance from the top edge of the output in pixels.
    package var y: Int
    /// Distance between the widest line and either side of the output, in pixels.
    package var sideMargin: Int

    /// Creates an anchor.
    package init(position: AnchorPosition, x: Int, y: Int, sideMargin: Int) {
        self.position = position
        self.x = x
        self.y = y
        self.sideMargin = sideMargin
    }

    /// The position in ASS, which counts like a numeric keypad.
    var number: Int { position.keypadNumber }

    /// Creates the anchor of a position in an output, inside its margins.
    package init(
        _ position: AnchorPosition, width: Int, height: Int, offset: (x: Rational, y: Rational)
    ) {
        let side = width * 7 / 100
        let edge = height * 8 / 100
        let x: Int =
            switch position {
            case .left, .topLeft, .bottomLeft: side
            case .right, .topRight, .bottomRight: width - side
            case .center, .top, .bottom: width / 2
            }
        let y: Int =
            switch position {
            case .top, .topLeft, .topRight: edge
            case .bottom, .bottomLeft, .bottomRight: height - edge
            case .center, .left, .right: height / 2
            }
        self.init(
            position: position, x: x + (offset.x * Rational(width)).rounded,
            y: y - (offset.y * Rational(height)).rounded, sideMargin: side)
    }
}

extension CaptionStyle {
    /// Looks by name: Spool's own, and names familiar from JSON2Video and Remotion.
    package enum Preset: String, Hashable, Sendable, CaseIterable {
        case highlight, karaoke, scale, box, classic
        case classicProgressive = "classic-progressive"
        case classicOneWord = "classic-one-word"
        case boxedWord = "boxed-word"
        case boxedLine = "boxed-line"
        case background
    }

    /// Creates a preset for an output of that size in pixels.
    package init(_ preset: Preset, width: Int, height: Int) {
        let size = max(8, min(width, height * 9 / 16 * 2) * 9 / 100)
        let fontSize = min(size, height / 6)
        self.init(
            animation: .none, fontFamily: TextFont.standard, fontSize: max(8, fontSize),
            isBold: false, isUppercase: false, textColor: "ffffff", wordColor: "ffe500",
            outlineColor: "000000", outlineWidth: max(1, fontSize * 7 / 100),
            shadow: fontSize * 3 / 100, boxColor: "7c3aed", boxOpacity: Rational(1),
            boxPadding: max(1, fontSize * 6 / 100), hasPageBox: false,
            anchor: TextAnchor(
                .bottom, width: width, height: height,
                // Above the buttons and texts of short-video apps.
                offset: (.zero, height > width ? Rational(1, 8) : .zero)),
            paging: CaptionPaging(wordsPerLineMax: height > width ? 3 : 4, lineCountMax: 2))
        switch preset {
        case .highlight:
            animation = .highlight
            isUppercase = true
        case .karaoke:
            animation = .karaoke
            wordColor = "22d3ee"
        case .scale:
            animation = .scale
            isUppercase = true
            wordColor = "39ff88"
            self.fontSize = self.fontSize * 5 / 4
            paging = CaptionPaging(wordsPerLineMax: 3, combineMilliseconds: 1_200)
        case .box, .boxedWord, .background:
            animation = .box
            wordColor = "ffffff"
        case .classic:
            paging = CaptionPaging()
        case .classicProgressive:
            animation = .progressive
            wordColor = textColor
        case .classicOneWord:
            paging = CaptionPaging(wordsPerLineMax: 1)
        case .boxedLine:
            hasPageBox = true
            boxColor = "000000"
            boxOpacity = Rational(7, 10)
            outlineWidth = 0
            shadow = 0
            boxPadding = self.fontSize * 18 / 100
            paging = CaptionPaging()
        }
    }
}

/// Names of fonts.
package enum TextFont {
    /// The font of a text for which the edit names none.
    package static let standard = "Lato Black"

    /// True if the name is valid: letters, digits, spaces and `-_.'+&`, so that it can be a
    /// field of a comma-separated line.
    package static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.unicodeScalars.count <= CaptionLimits.fontNameCharactersMax
            && sanitised(name) == name
    }

    /// The name without the characters that `isName` rejects.
    static func sanitised(_ name: String) -> String {
        let kept = name.unicodeScalars.filter {
            $0.properties.isAlphabetic || $0.properties.numericType != nil
                || " -_.'+&".unicodeScalars.contains($0)
        }
        return CaptionLines.trimmed(
            String(String.UnicodeScalarView(kept.prefix(CaptionLimits.fontNameCharactersMax))))
    }
}
