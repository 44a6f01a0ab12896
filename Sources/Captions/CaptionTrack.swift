package import JSON
import MediaTime

/// Words with their times: the common form of all caption files. Times are whole
/// milliseconds.
package struct CaptionTrack: Hashable, Sendable, Codable {
    /// The cues, sorted by start.
    package var cues: [CaptionCue]

    /// Creates a track and sorts its cues by start.
    package init(cues: [CaptionCue]) {
        self.cues = cues.enumerated()
            .sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }
            .map(\.element)
    }

    /// Every word, in order.
    package var words: [CaptionWord] { cues.flatMap(\.words) }

    /// The end of the last cue; 0 for an empty track.
    package var endMilliseconds: Int { cues.map(\.end).max() ?? 0 }
}

/// The words that a file shows at once. A file that is a list of words has one cue for all
/// of them.
package struct CaptionCue: Hashable, Sendable, Codable {
    /// Start of the display, in milliseconds.
    package var start: Int
    /// End of the display, exclusive, in milliseconds.
    package var end: Int
    /// The words of the cue, in order.
    package var words: [CaptionWord]
    /// Place in the picture that the file asks for; nil for that of the style.
    package var placement: AnchorPosition?
    /// True for a cue of a file with cues, which ends at its own time; nil for a list of words.
    package var hasOwnTimes: Bool?
    /// For a page of several cues: the number of words of each, from the top down; nil for one.
    var stack: [Int]?

    /// Creates a cue.
    package init(
        start: Int, end: Int, words: [CaptionWord], placement: AnchorPosition? = nil,
        hasOwnTimes: Bool? = nil
    ) {
        self.start = start
        self.end = end
        self.words = words
        self.placement = placement
        self.hasOwnTimes = hasOwnTimes
    }
}

/// One word as written, with its punctuation and without spaces.
package struct CaptionWord: Hashable, Sendable, Codable {
    /// The word with its punctuation.
    package var text: String
    /// Start of the spoken word, in milliseconds.
    package var start: Int
    /// End of the spoken word, exclusive, in milliseconds; not before `start`.
    package var end: Int
    /// True if the word begins a new line of the file.
    package var startsLine: Bool
    /// True if no blank is before the word (Chinese, Japanese, Thai); nil is false.
    package var isJoined: Bool?

    /// Creates a word.
    package init(
        _ text: String, start: Int, end: Int, startsLine: Bool = false, isJoined: Bool? = nil
    ) {
        self.isJoined = isJoined
        self.text = text
        self.start = start
        self.end = end
        self.startsLine = startsLine
    }
}

/// The limits of captions, each with its reason.
package enum CaptionLimits {
    /// Bytes of one file: all words of a four-hour talk, as JSON.
    package static let fileBytesMax = 8 << 20
    /// Words of one track: four hours at 250 words a minute.
    package static let wordCountMax = 60_000
    /// Words of all captions of an edit: the plan contains them all.
    package static let editWordCountMax = 200_000
    /// Caption files of one edit: each is read when the export starts.
    package static let fileCountMax = 50
    /// Cues of one track.
    package static let cueCountMax = 20_000
    /// Cues at the same time: more hide the picture.
    package static let cueDepthMax = 8
    /// Lines of one file: five and an empty one for each cue.
    package static let lineCountMax = 6 * cueCountMax + 10_000
    /// Bytes of one line: a cue of `cueCharactersMax` with a time tag for each word.
    package static let lineBytesMax = 64 << 10
    /// Characters of one cue: more than any screen shows.
    package static let cueCharactersMax = 2_000
    /// Characters of one word.
    package static let wordCharactersMax = 200
    /// End of a cue, in milliseconds: a day, like the longest timeline.
    package static let cueMillisecondsMax = Limits.timelineSecondsMax * 1_000
    /// Characters of a text clip.
    package static let textCharactersMax = 2_000
    /// Lines of a text clip.
    package static let textLineCountMax = 40
    /// Height of a font's line in pixels: about the height of the tallest output.
    package static let tallestFontPixels = 2_000
    /// Pixels of an outline, a shadow or a padding.
    package static let outlinePixelsMax = 400
    /// Maximum area of all glyphs of a text, in areas of the frame: libass draws all of
    /// them, visible or not (measured: 2,000 letters of 2,000 pixels take 1.3 GB and a
    /// third of a second per frame).
    package static let glyphFrameCountMax = 8
    /// Words of one line. Longer pages are unreadable, and each word of a page is an event
    /// that writes the whole page.
    package static let wordsPerLineMax = 12
    /// Lines of one page; see `wordsPerLineMax`.
    package static let linesPerPageMax = 4
    /// Characters of a font name: PostScript's own limit is 63.
    package static let fontNameCharactersMax = 100
}

/// The first fault of a caption file, for which it is refused.
package struct CaptionFault: Error, Hashable, Sendable, CustomStringConvertible {
    /// The place of the fault: `line 12` or a JSON pointer; nil for the whole file.
    package var place: String?
    /// The place in a JSON document; nil for text files and for the whole file.
    package var pointer: JSONPointer?
    /// The end of a sentence: `has no time`.
    package var detail: String

    /// Creates a fault in a line of a text file, counted from 1.
    package init(line: Int, _ detail: String) {
        place = "line \(line)"
        self.detail = detail
    }

    /// Creates a fault at a place in a JSON document; nil for the whole file.
    package init(_ detail: String, at pointer: JSONPointer? = nil) {
        place = pointer?.description
        self.pointer = pointer
        self.detail = detail
    }

    /// The place and the detail: `line 12: has no time`.
    package var description: String {
        guard let place, !place.isEmpty else { return detail }
        return "\(place): \(detail)"
    }
}
