/// The words that are shown together.
package struct CaptionPaging: Hashable, Sendable, Codable {
    /// Words of one line; nil keeps the lines of the file.
    package var wordsPerLineMax: Int?
    /// Lines of one page, where `wordsPerLineMax` says how long they are.
    package var lineCountMax: Int
    /// A page takes words until it is longer than this (Remotion's
    /// `combineTokensWithinMilliseconds`); nil takes what fits.
    package var combineMilliseconds: Int?

    /// Rules of their own; one line by default.
    package init(
        wordsPerLineMax: Int? = nil, lineCountMax: Int = 1, combineMilliseconds: Int? = nil
    ) {
        self.wordsPerLineMax = wordsPerLineMax
        self.lineCountMax = lineCountMax
        self.combineMilliseconds = combineMilliseconds
    }

    /// A silence that ends a page: the words after it belong to another
    /// thought.
    static let silenceMilliseconds = 1_500
    /// A page stays up this long after its last word, or until the next one
    /// comes; a shorter blink would disturb.
    static let holdMilliseconds = 400
    /// Words of one page where neither the file nor the style parts them.
    static let unsplitWordCountMax = 12

    private enum CodingKeys: String, CodingKey {
        case wordsPerLineMax = "mostWordsPerLine", lineCountMax = "mostLines"
        case combineMilliseconds
    }
}

extension CaptionTrack {
    /// The same words on pages: cues that do not overlap, each with the words
    /// that are shown together.
    package func paged(_ paging: CaptionPaging) -> CaptionTrack {
        var pages: [CaptionCue] = []
        for cue in cues { pages += Self.pages(of: cue, paging) }
        for index in pages.indices {
            let next = index + 1 < pages.count ? pages[index + 1].start : nil
            let held = pages[index].end + CaptionPaging.holdMilliseconds
            // Two speakers at once: the later page takes the place.
            pages[index].end = next.map { min(held, $0) } ?? held
        }
        return CaptionTrack(cues: pages.filter { $0.end > $0.start })
    }

    private static func pages(of cue: CaptionCue, _ paging: CaptionPaging) -> [CaptionCue] {
        guard let perLine = paging.wordsPerLineMax else {
            // A file's own cue, unless it is the whole of a list of words.
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

    /// What is seen of the track on the timeline when it starts there, in
    /// milliseconds, and is cut at `length`.
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
