package import JSON
import MediaTime

/// What is said, and when: the one form that every caption file is read into
/// and written from. Times are whole milliseconds.
package struct CaptionTrack: Hashable, Sendable, Codable {
    /// In order of their start.
    package var cues: [CaptionCue]

    /// A track of these cues, put in order of their start.
    package init(cues: [CaptionCue]) {
        self.cues = cues.enumerated()
            .sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            .map(\.element)
    }

    /// Every word, in order.
    package var words: [CaptionWord] { cues.flatMap(\.words) }

    /// When the last cue ends; 0 for an empty track.
    package var endMilliseconds: Int { cues.map(\.end).max() ?? 0 }
}

/// What a file shows at once. Files of words have one cue for all of them.
package struct CaptionCue: Hashable, Sendable, Codable {
    /// First moment at which it shows, in milliseconds.
    package var start: Int
    /// After the last moment at which it shows.
    package var end: Int
    /// The words of the cue, in order.
    package var words: [CaptionWord]

    /// A caption cue with those properties.
    package init(start: Int, end: Int, words: [CaptionWord]) {
        self.start = start
        self.end = end
        self.words = words
    }
}

/// One word as it is written, with its punctuation and without spaces.
package struct CaptionWord: Hashable, Sendable, Codable {
    /// The word with its punctuation.
    package var text: String
    /// First moment at which it is spoken, in milliseconds.
    package var start: Int
    /// After the last moment at which it is spoken; not before `start`.
    package var end: Int
    /// Whether the file begins a new line with it.
    package var startsLine: Bool

    /// A caption word with those properties.
    package init(_ text: String, start: Int, end: Int, startsLine: Bool = false) {
        self.text = text
        self.start = start
        self.end = end
        self.startsLine = startsLine
    }
}

/// The ceilings of captions, each with its reason.
package enum CaptionLimits {
    /// Bytes of one file: all words of a talk of four hours, as JSON.
    package static let fileBytesMax = 8 << 20
    /// Words of one track: four hours at 250 words a minute.
    package static let wordCountMax = 60_000
    /// Words of all captions of an edit: the plan contains them.
    package static let editWordCountMax = 200_000
    /// Files of captions of one edit: each is read when the export starts.
    package static let fileCountMax = 50
    /// Cues of one track.
    package static let cueCountMax = 20_000
    /// Characters of one cue: what no screen holds.
    package static let cueCharactersMax = 2_000
    /// Characters of one word.
    package static let wordCharactersMax = 200
    /// A day, like the longest timeline.
    package static let cueMillisecondsMax = Limits.timelineSecondsMax * 1_000
    /// Characters of a text clip.
    package static let textCharactersMax = 2_000
    /// Lines of a text clip.
    package static let textLineCountMax = 40
    /// Pixels of a font's line: as high as the tallest output.
    package static let tallestFontPixels = 2_000
    /// Pixels of an outline, a shadow or a padding.
    package static let outlinePixelsMax = 400
    /// How much larger than the picture a text's letters may be together:
    /// libass draws them all, seen or not (measured: 2,000 letters of 2,000
    /// pixels take 1.3 GB and a third of a second a frame).
    package static let glyphFrameCountMax = 8
    /// Words of one line, and lines of one page: more could not be read, and
    /// each word of a page is an event that writes the whole page.
    package static let wordsPerLineMax = 12
    /// See `wordsPerLineMax`.
    package static let linesPerPageMax = 4
    /// Characters of a font's name: PostScript's own limit is 63.
    package static let fontNameCharactersMax = 100
}

/// Why a caption file is refused: the first thing that is wrong with it.
package struct CaptionFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// Where it is: `line 12`, a JSON pointer, or nothing for the whole file.
    package var place: String?
    /// The place, where it is one of a JSON document.
    package var pointer: JSONPointer?
    /// The end of a sentence: `has no time`.
    package var detail: String

    /// A fault in a line of a text file, counted from 1.
    package init(line: Int, _ detail: String) {
        place = "line \(line)"
        self.detail = detail
    }

    /// A fault at a place in a JSON document, or of the whole file.
    package init(_ detail: String, at pointer: JSONPointer? = nil) {
        place = pointer?.description
        self.pointer = pointer
        self.detail = detail
    }

    /// `line 12: has no time`.
    package var description: String {
        guard let place, !place.isEmpty else { return detail }
        return "\(place): \(detail)"
    }
}
