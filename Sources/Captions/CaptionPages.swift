/// The rules that divide the words of captions into pages.
package struct CaptionPaging: Hashable, Sendable, Codable {
    /// Maximum words of a line; nil keeps the lines of the file.
    package var wordsPerLineMax: Int?
    /// Maximum lines of a page; ignored if `wordsPerLineMax` is nil.
    package var lineCountMax: Int
    /// Length in milliseconds after which a page takes no further word (Remotion's
    /// `combineTokensWithinMilliseconds`); nil for no limit.
    package var combineMilliseconds: Int?

    /// Creates rules; by default a page has one line.
    package init(
        wordsPerLineMax: Int? = nil, lineCountMax: Int = 1, combineMilliseconds: Int? = nil
    ) {
        self.wordsPerLineMax = wordsPerLineMax
        self.lineCountMax = lineCountMax
        self.combineMilliseconds = combineMilliseconds
    }

    /// Silence in milliseconds that ends a page: the words after it belong to another
    /// thought.
    static let silenceMilliseconds = 1_500
    /// Time in milliseconds that a page remains after its last word, at most until the next
    /// page; a shorter pause would flicker.
    static let holdMilliseconds = 400
    /// Maximum words of a page if neither the file nor the style divides them.
    static let unsplitWordCountMax = 12

    private enum CodingKeys: String, CodingKey {
        case wordsPerLineMax = "mostWordsPerLine", lineCountMax = "mostLines"
        case combineMilliseconds
    }
}

extension CaptionTrack {
    /// The words divided into pages: cues that do not overlap, each with the words shown
    /// together.
    package func paged(_ paging: CaptionPaging) -> CaptionTrack {
        var pages: [CaptionCue] = []
        for cue in cues { pages += Self.pages(of: cue, paging) }
        for index in pages.indices {
            let next = index + 1 < pages.count ? pages[index + 1].start : nil
            let held = pages[index].end + CaptionPaging.holdMilliseconds
            // With two speakers at once the later page replaces the earlier.
            pages[index].end = next.map { min(held, $0) } ?? held
        }
        return CaptionTrack(cues: pages.filter { $0.end > $0.start })
    }

    private static func pages(of cue: CaptionCue, _ paging: CaptionPaging) -> [CaptionCue] {
        guard let perLine = paging.wordsPerLineMax else {
            // A cue of the file, unless it is a whole list of words.
            guard cue.words.count > CaptionPaging.unsplitWordCountMax else { return [cue] }
            let all = CaptionPaging(
                wordsPerLineMax: CaptionPaging.unsplitWordCountMax / 2, lineCountMax: 2,
                combineMilliseconds: paging.combineMilliseconds)
            return pages(of: cue, all)
        }
        var pages: [[CaptionWord]] = []
        for word in cue.words {
            guard let page = pages.last, let first = page.first, let last = page.last,
                page.count < perLine * paging.lineCountMax,
                word.start - last.end < CaptionPaging.silenceMilliseconds,
                paging.combineMilliseconds.map({ last.end - first.start <= $0 }) ?? true
            else {
                var first = word
                first.startsLine = false
                pages.append([first])
                continue
            }
            var next = word
            next.startsLine = page.count % perLine == 0
            pages[pages.count - 1].append(next)
        }
        return pages.map { words in
            CaptionCue(
                start: words[0].start, end: words.map(\.end).max() ?? words[0].end, words: words)
        }
    }

    /// The track on the timeline: moved to `start` and cut at `length`, both in
    /// milliseconds.
    package func placed(at start: Int, length: Int) -> CaptionTrack {
        var moved: [CaptionCue] = []
        for cue in cues where cue.start < length {
            var cue = cue
            cue.words = cue.words.filter { $0.start < length }.map { word in
                CaptionWord(
                    word.text, start: word.start + start, end: min(word.end, length) + start,
                    startsLine: word.startsLine)
            }
            cue.end = min(cue.end, length) + start
            cue.start += start
            moved.append(cue)
        }
        return CaptionTrack(cues: moved)
    }
}
