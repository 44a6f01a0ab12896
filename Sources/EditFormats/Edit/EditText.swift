package import Captions
package import JSON
package import MediaTime

extension Edit {
    /// A text as the caller requests it; what is nil is the preset's.
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

    /// Letters as the caller requests them. Sizes are pixels of the output,
    /// colours `RRGGBB`.
    package struct Font: Hashable, Sendable {
        package var family: String?
        package var size: Int?
        package var color: String?
        package var isBold: Bool?
        package var isItalic: Bool?
    }

    /// Captions as the caller requests them.
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
        package var position: AnchorPosition?
        package var wordsPerLineMax: Int?
        package var lineCountMax: Int?
        package var combineMilliseconds: Int?
    }
}
