/// The rules that divide the words of captions into pages.
package struct CaptionPaging: Hashable, Sendable, Codable {
    /// Maximum words of a line, or four times as many ideographs; nil keeps the lines of the
    /// file.
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
    /// page; a shorter pause would flicker. A cue with its own end ends there.
    static let holdMilliseconds = 400
    /// Maximum words of a page if neither the file nor the style divides them.
    static let unsplitWordCountMax = 12

    private enum CodingKeys: String, CodingKey {
        case wordsPerLineMax = "mostWordsPerLine", lineCountMax = "mostLines"
        case combineMilliseconds
    }
}

extension CaptionTrack {
    /// The words divided into pages: cues with the words shown together. Those of one placement
    /// do not overlap; cues that do are stacked on common pages.
    package func paged(_ paging: CaptionPaging) -> CaptionTrack {
        var placements: [AnchorPosition?] = []
        for cue in cues where !placements.contains(cue.placement) {
            placements.append(cue.placement)
        }
        return CaptionTrack(
            cues: placements.flatMap { placement in
                let lane = cues.filter { $0.placement == placement }
                let isTop = [.top, .topLeft, .topRight].contains(placement)
                return CueStacking.separated(Self.pages(of: lane, paging), downwards: isTop)
            })
    }

    /// The cues of a caption file: those with their own times as they came in, and the pages of
    /// lists of words.
    package func written(_ paging: CaptionPaging) -> CaptionTrack {
        let lists = CaptionTrack(cues: cues.filter { $0.hasOwnTimes != true })
        return CaptionTrack(
            cues: cues.filter { $0.hasOwnTimes == true } + lists.paged(paging).cues)
    }

    /// The pages of cues in time order. Pages of lists of words stay a little longer, at most
    /// until the next page.
    private static func pages(of cues: [CaptionCue], _ paging: CaptionPaging) -> [CaptionCue] {
        var pages: [CaptionCue] = []
        for cue in cues {
            var own = Self.pages(of: cue, paging)
            if cue.hasOwnTimes == true {
                for index in own.indices {
                    own[index].end = index + 1 < own.count ? own[index + 1].start : cue.end
                }
            }
            pages += own
        }
        for index in pages.indices where pages[index].hasOwnTimes != true {
            let next = index + 1 < pages.count ? pages[index + 1].start : nil
            let held = pages[index].end + CaptionPaging.holdMilliseconds
            // With two speakers at once the later page replaces the earlier.
            pages[index].end = next.map { min(held, $0) } ?? held
        }
        return pages.filter { $0.end > $0.start }
    }

    private static func pages(of cue: CaptionCue, _ paging: CaptionPaging) -> [CaptionCue] {
        guard let perLine = paging.wordsPerLineMax else {
            // A cue of the file, unless it is a whole list of words.
            let units = cue.words.reduce(0) { $0 + WritingSystem.units($1.text) }
            let unitsMax = CaptionPaging.unsplitWordCountMax * WritingSystem.unitsPerWord
            guard units > unitsMax else { return [cue] }
            let all = CaptionPaging(
                wordsPerLineMax: CaptionPaging.unsplitWordCountMax / 2, lineCountMax: 2,
                combineMilliseconds: paging.combineMilliseconds)
            return pages(of: cue, all)
        }
        var filling = PageFilling(
            lineUnits: perLine * WritingSystem.unitsPerWord, lineCountMax: paging.lineCountMax,
            combineMilliseconds: paging.combineMilliseconds)
        for word in cue.words { filling.add(word) }
        return filling.finished.map { words in
            var page = cue
            page.words = words
            page.start = words[0].start
            page.end = words.map(\.end).max() ?? words[0].end
            return page
        }
    }

    /// The track on the timeline: moved to `start` and cut at `length`, both in
    /// milliseconds.
    package func placed(at start: Int, length: Int) -> CaptionTrack {
        var moved: [CaptionCue] = []
        for cue in cues where cue.start < length {
            var cue = cue
            cue.words = cue.words.filter { $0.start < length }.map { word in
                var word = word
                word.end = min(word.end, length) + start
                word.start += start
                return word
            }
            cue.end = min(cue.end, length) + start
            cue.start += start
            moved.append(cue)
        }
        return CaptionTrack(cues: moved)
    }
}

/// Fills pages with words, line by line.
private struct PageFilling {
    let lineUnits: Int
    let lineCountMax: Int
    let combineMilliseconds: Int?

    private var pages: [[CaptionWord]] = []
    private var lineCount = 0
    private var usedUnits = 0

    init(lineUnits: Int, lineCountMax: Int, combineMilliseconds: Int?) {
        self.lineUnits = lineUnits
        self.lineCountMax = lineCountMax
        self.combineMilliseconds = combineMilliseconds
    }

    mutating func add(_ word: CaptionWord) {
        let units = WritingSystem.units(word.text)
        guard let page = pages.last, let first = page.first, let last = page.last,
            word.start - last.end < CaptionPaging.silenceMilliseconds
        else { return begin(word, units) }
        if isGlued(word, to: last) { return append(word, units) }
        guard combineMilliseconds.map({ last.end - first.start <= $0 }) ?? true else {
            return begin(word, units)
        }
        if usedUnits + units <= lineUnits { return append(word, units) }
        guard lineCount < lineCountMax else { return begin(word, units) }
        var next = word
        next.startsLine = true
        pages[pages.count - 1].append(next)
        (lineCount, usedUnits) = (lineCount + 1, units)
    }

    private mutating func begin(_ word: CaptionWord, _ units: Int) {
        var first = word
        first.startsLine = false
        pages.append([first])
        (lineCount, usedUnits) = (1, units)
    }

    private mutating func append(_ word: CaptionWord, _ units: Int) {
        var next = word
        next.startsLine = false
        pages[pages.count - 1].append(next)
        usedUnits += units
    }

    /// True if a line may not end between the words.
    private func isGlued(_ word: CaptionWord, to last: CaptionWord) -> Bool {
        guard word.isJoined == true, let first = word.text.first, let end = last.text.last else {
            return false
        }
        return WritingSystem.startsNoLine.contains(first) || WritingSystem.endsNoLine.contains(end)
    }

    /// The pages. One or two ideographs are no page: they stay with the page before.
    var finished: [[CaptionWord]] {
        guard pages.count > 1, combineMilliseconds == nil, let last = pages.last,
            last.allSatisfy({ $0.isJoined == true || $0 == last.first }),
            last.first?.text.first.map(WritingSystem.isIdeographic) == true,
            last.reduce(0, { $0 + WritingSystem.units($1.text) }) <= 2,
            let before = pages[pages.count - 2].last,
            last[0].start - before.end < CaptionPaging.silenceMilliseconds
        else { return pages }
        return pages.dropLast(2) + [pages[pages.count - 2] + last]
    }
}
