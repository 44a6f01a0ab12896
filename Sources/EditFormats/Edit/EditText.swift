package import Captions
package import JSON
package import MediaTime

extension Edit {
    /// A text as requested; the preset supplies values that are nil.
    package struct Text: Hashable, Sendable {
        /// The text, with line breaks.
        package var text: String
        /// The preset for all values that are nil.
        package var preset: TextTitle.Preset
        /// The letters.
        package var font = Font()
        /// Colour of the outline, `RRGGBB`; nil for the preset's.
        package var outlineColor: String?
        /// Width of the outline in pixels of the output; nil for the preset's.
        package var outlineWidth: Int?
        /// Colour of the box, `RRGGBB`; nil for the preset's.
        package var boxColor: String?
        /// Opacity of the box, from 0 (invisible) to 1 (opaque); nil for the preset's.
        package var boxOpacity: Rational?
        /// Distance between the text and the edge of its box in pixels of the output; nil
        /// is the preset's.
        package var boxPadding: Int?
    }

    /// Letters as requested. Sizes are pixels of the output, colours `RRGGBB`.
    package struct Font: Hashable, Sendable {
        /// Family name of the font; nil for the preset's.
        package var family: String?
        /// Height of a line in pixels of the output; nil for the preset's.
        package var size: Int?
        /// Colour of the letters, `RRGGBB`; nil for the preset's.
        package var color: String?
        /// True for bold, false for regular; nil for the preset's.
        package var isBold: Bool?
        /// True for italic, false for upright; nil for the preset's.
        package var isItalic: Bool?
    }

    /// Captions as requested.
    package struct Captions: Hashable, Sendable {
        /// The source of the words.
        package enum Source: Hashable, Sendable {
            /// An uploaded caption file, by its asset ID.
            case asset(Located<String>)
            /// Words in the request.
            case track(CaptionTrack)
        }

        /// The source of the words.
        package var source: Source
        /// In-point: seconds after the start of the captions, so that a clip of a long
        /// recording uses that recording's captions.
        package var trim: Located<Rational>
        /// The preset for all values that are nil.
        package var preset = CaptionStyle.Preset.highlight
        /// The effect on the spoken word; nil for the preset's.
        package var animation: CaptionStyle.Animation?
        /// The letters.
        package var font = Font()
        /// True if the words are written in upper case; nil for the preset's.
        package var isUppercase: Bool?
        /// Colour of the spoken word, `RRGGBB`; nil for the preset's.
        package var wordColor: String?
        /// Colour of the outline, `RRGGBB`; nil for the preset's.
        package var outlineColor: String?
        /// Width of the outline in pixels of the output; nil for the preset's.
        package var outlineWidth: Int?
        /// Colour of the box, `RRGGBB`; nil for the preset's.
        package var boxColor: String?
        /// The position of the text in the output; nil for the preset's.
        package var position: AnchorPosition?
        /// Maximum words of a line; nil for the preset's.
        package var wordsPerLineMax: Int?
        /// Maximum lines of a page; nil for the preset's.
        package var lineCountMax: Int?
        /// Length in milliseconds after which a page takes no further word; nil for the
        /// preset's.
        package var combineMilliseconds: Int?
    }
}
