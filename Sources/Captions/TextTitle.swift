package import MediaTime

/// A title, a lower third or other still text, resolved to pixels of the output.
package struct TextTitle: Hashable, Sendable, Codable {
    /// The text, with line breaks.
    package var text: String
    /// Family name of the font.
    package var fontFamily: String
    /// Height of a line in pixels, as libass counts: ascender and descender.
    package var fontSize: Int
    /// True for bold letters.
    package var isBold: Bool
    /// True for italic letters.
    package var isItalic: Bool
    /// Colour of the letters, `RRGGBB`.
    package var color: String
    /// Colour of the outline, `RRGGBB`.
    package var outlineColor: String
    /// Width of the outline in pixels of the output.
    package var outlineWidth: Int
    /// Offset of the shadow in pixels of the output.
    package var shadow: Int
    /// Colour of the box, `RRGGBB`; nil for no box.
    package var boxColor: String?
    /// Opacity of the box, from 0 (invisible) to 1 (opaque).
    package var boxOpacity: Rational
    /// Pixels of the output between the text and the edge of its box.
    package var boxPadding: Int
    /// The position of the text in the output.
    package var anchor: TextAnchor

    /// Looks by name.
    package enum Preset: String, Hashable, Sendable, CaseIterable {
        case title, lowerThird, plain
    }

    /// Creates a preset for an output of that size in pixels.
    package init(_ text: String, _ preset: Preset, width: Int, height: Int) {
        let size = max(8, min(width, height) * 9 / 100)
        self.init(
            text: text, fontFamily: TextFont.standard, fontSize: size, isBold: false,
            isItalic: false, color: "ffffff", outlineColor: "000000", outlineWidth: 0, shadow: 0,
            boxColor: nil, boxOpacity: Rational(3, 4), boxPadding: size / 4,
            anchor: TextAnchor(.center, width: width, height: height, offset: (.zero, .zero)))
        switch preset {
        case .title:
            outlineWidth = max(1, size * 6 / 100)
            shadow = size * 3 / 100
        case .lowerThird:
            fontSize = max(8, size * 2 / 3)
            boxColor = "000000"
            boxPadding = fontSize * 3 / 10
            anchor = TextAnchor(
                .bottomLeft, width: width, height: height, offset: (.zero, .zero))
        case .plain:
            break
        }
    }

    private init(
        text: String, fontFamily: String, fontSize: Int, isBold: Bool, isItalic: Bool,
        color: String, outlineColor: String, outlineWidth: Int, shadow: Int, boxColor: String?,
        boxOpacity: Rational, boxPadding: Int, anchor: TextAnchor
    ) {
        self.text = text
        self.fontFamily = fontFamily
        self.fontSize = fontSize
        self.isBold = isBold
        self.isItalic = isItalic
        self.color = color
        self.outlineColor = outlineColor
        self.outlineWidth = outlineWidth
        self.shadow = shadow
        self.boxColor = boxColor
        self.boxOpacity = boxOpacity
        self.boxPadding = boxPadding
        self.anchor = anchor
    }
}
