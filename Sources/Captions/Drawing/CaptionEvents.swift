package import MediaTime

/// Adds captions and titles as events of a script.
extension Script {
    private static let textStyle = "Text"
    private static let wordStyle = "Word"

    /// Adds pages of captions.
    /// - Parameters:
    ///   - rate: Frame rate of the output.
    ///   - count: Length of the clip in frames; no event is later.
    ///   - window: Pages outside these frames are omitted.
    package mutating func add(
        _ track: CaptionTrack, _ style: CaptionStyle, rate: Rational, count: Int,
        window: FrameRange? = nil
    ) {
        styles += Self.styles(style)
        for page in track.paged(style.paging).cues {
            let timed = TimedPage(page, rate: rate, count: count)
            guard timed.start < timed.end else { continue }
            if let window, timed.start >= window.end || timed.end <= window.start { continue }
            var style = style
            if let placement = page.placement {
                style.anchor = TextAnchor(
                    placement, width: width, height: height, offset: (.zero, .zero))
            }
            events += Self.events(timed, style)
        }
    }

    /// Adds a text for the whole clip.
    package mutating func add(_ title: TextTitle, count: Int, fades: (in: Int, out: Int)) {
        var style = Style(
            name: Self.textStyle, fontFamily: title.fontFamily, fontSize: title.fontSize,
            isBold: title.isBold, isItalic: title.isItalic, primary: Color(rgb: title.color),
            secondary: Color(rgb: title.color), outline: Color(rgb: title.outlineColor),
            back: Color(rgb: "000000", opacity: Rational(1, 2)),
            outlineWidth: title.outlineWidth, shadow: title.shadow)
        var anchor = title.anchor
        if let box = title.boxColor {
            style.border = .eventBox
            style.back = Color(rgb: box, opacity: title.boxOpacity)
            style.shadow = title.boxPadding
            anchor.moveInside(by: title.boxPadding)
        }
        styles.append(style)
        guard count > 0 else { return }
        events.append(
            Event(
                start: 0, end: count, style: style.name, anchor: anchor, fadeIn: fades.in,
                fadeOut: fades.out, runs: [Run(text: title.text)]))
    }

    // MARK: Captions

    private static func styles(_ style: CaptionStyle) -> [Style] {
        let box = Color(rgb: style.boxColor, opacity: style.boxOpacity)
        var text = Style(
            name: textStyle, fontFamily: style.fontFamily, fontSize: style.fontSize,
            isBold: style.isBold, primary: Color(rgb: style.textColor),
            secondary: Color(rgb: style.textColor), outline: Color(rgb: style.outlineColor),
            back: Color(rgb: "000000", opacity: Rational(1, 2)),
            outlineWidth: style.outlineWidth, shadow: style.shadow)
        if style.animation == .karaoke { text.primary = Color(rgb: style.wordColor) }
        if style.hasPageBox {
            text.border = .eventBox
            text.back = box
            text.shadow = style.boxPadding
        }
        guard style.animation == .box else { return [text] }
        var word = text
        word.name = wordStyle
        word.primary = Color(rgb: style.wordColor)
        word.border = .runBox
        word.outline = box
        word.outlineWidth = style.boxPadding
        word.shadow = 0
        return [text, word]
    }

    private static func events(_ page: TimedPage, _ style: CaptionStyle) -> [Event] {
        func event(_ start: Int, _ end: Int, _ runs: [Run]) -> Event {
            Event(start: start, end: end, style: textStyle, anchor: style.anchor, runs: runs)
        }
        switch style.animation {
        case .none:
            return [event(page.start, page.end, runs(page, style) { _ in .plain })]
        case .karaoke where page.groups.count == 1:
            return [event(page.start, page.end, karaoke(page, style))]
        case .progressive, .highlight, .box, .karaoke, .scale:
            if style.animation == .scale { return spring(page, style) }
            return page.spoken.map { spoken in
                event(
                    spoken.frames.start, spoken.frames.end,
                    runs(page, style) { look($0, spoken, style) })
            }
        }
    }

    /// The look of a word of a page while others are spoken.
    private static func look(
        _ word: Int, _ spoken: TimedPage.Spoken, _ style: CaptionStyle
    ) -> Run.Look {
        let isSpoken = spoken.words.contains(word)
        switch style.animation {
        case .none: return .plain
        case .progressive:
            if isSpoken { return .colored(style.wordColor) }
            return spoken.passed.contains(word) ? .plain : .hidden
        case .karaoke:
            // Cues that are swept at the same time: whole words.
            return isSpoken || spoken.passed.contains(word) ? .plain : .colored(style.textColor)
        case .box: return isSpoken ? .style(wordStyle) : .plain
        case .highlight, .scale: return isSpoken ? .colored(style.wordColor) : .plain
        }
    }

    /// The size of a page on its first frames, in percent, at 30 frames per second: it
    /// grows past its final size and settles.
    private static let springPercents = [68, 88, 102, 108, 105, 102]

    private static func spring(_ page: TimedPage, _ style: CaptionStyle) -> [Event] {
        var events: [Event] = []
        for spoken in page.spoken {
            let runs = runs(page, style) { look($0, spoken, style) }
            var start = spoken.frames.start
            while start < spoken.frames.end {
                let scale = springScale(start - page.start, rate: page.rate)
                var end = start + 1
                while end < spoken.frames.end,
                    springScale(end - page.start, rate: page.rate) == scale
                { end += 1 }
                events.append(
                    Event(
                        start: start, end: end, style: textStyle, anchor: style.anchor,
                        scale: scale, runs: runs))
                start = end
            }
        }
        return events
    }

    /// The size of a page in percent, a number of frames after its start.
    private static func springScale(_ frame: Int, rate: Rational) -> Int {
        // The page has settled by then; the bound keeps the loop above short.
        let step = (Rational(min(frame, 1_000) * 30) / rate).floor
        return step < springPercents.count ? springPercents[step] : 100
    }

    private static func runs(
        _ page: TimedPage, _ style: CaptionStyle, look: (Int) -> Run.Look
    ) -> [Run] {
        page.words.enumerated().map { index, word in
            var run = Run(
                text: style.isUppercase ? word.text.uppercased() : word.text, look: look(index),
                startsLine: word.startsLine)
            if word.isJoined == true, index > 0 {
                run.joint = mayBreak(page.words[index - 1].text, word.text) ? .mayBreak : .none
            }
            return run
        }
    }

    /// True if a line may end between two words without a blank.
    private static func mayBreak(_ before: String, _ after: String) -> Bool {
        guard let last = before.last, let first = after.first else { return false }
        return !WritingSystem.startsNoLine.contains(first)
            && !WritingSystem.endsNoLine.contains(last)
    }

    /// The words of a page as karaoke runs. The sweeps add up to the length of the page:
    /// the ends are rounded as times of the clip, not the lengths.
    private static func karaoke(_ page: TimedPage, _ style: CaptionStyle) -> [Run] {
        let origin = page.start * ScriptClock.ticksPerFrame
        var runs: [Run] = []
        var ticks = origin
        for (index, run) in self.runs(page, style, look: { _ in .plain }).enumerated() {
            let word = page.words[index]
            let start = max(page.ticks(word.start), ticks)
            let end = max(page.ticks(word.end), start)
            if start > ticks {
                // The silence before a word: an empty run.
                runs.append(Run(text: "", sweepTicks: start - ticks))
            }
            runs += swept(run, ticks: end - start)
            ticks = end
        }
        return runs
    }

    /// A swept word. libass sweeps from left to right, so a word from right to left is swept
    /// letter by letter.
    private static func swept(_ run: Run, ticks: Int) -> [Run] {
        let letters =
            WritingSystem.isRightToLeft(run.text) ? WritingSystem.letters(run.text) : [run.text]
        var runs: [Run] = []
        var passed = 0
        for (index, letter) in letters.enumerated() {
            var part = run
            part.text = letter
            if index > 0 { (part.startsLine, part.joint) = (false, .none) }
            let end = ticks * (index + 1) / letters.count
            part.sweepTicks = end - passed
            passed = end
            runs.append(part)
        }
        return runs
    }
}

/// A page whose edges are whole frames of the clip.
private struct TimedPage {
    let words: [CaptionWord]
    /// The words of each cue of the page, from the top down.
    let groups: [Range<Int>]
    let start: Int
    let end: Int
    let rate: Rational

    init(_ page: CaptionCue, rate: Rational, count: Int) {
        self.rate = rate
        words = page.words
        var groups: [Range<Int>] = []
        for count in page.stack ?? [page.words.count] {
            let first = groups.last?.upperBound ?? 0
            groups.append(first..<first + count)
        }
        self.groups = groups
        start = min(Self.frame(page.start, rate), count)
        end = min(Self.frame(page.end, rate), count)
    }

    /// The frame nearest to a time in milliseconds.
    private static func frame(_ milliseconds: Int, _ rate: Rational) -> Int {
        (Rational(milliseconds, 1_000) * rate).rounded
    }

    func ticks(_ milliseconds: Int) -> Int {
        (Rational(milliseconds, 1_000) * rate * Rational(ScriptClock.ticksPerFrame)).rounded
    }

    /// Words that are spoken on a range of frames.
    struct Spoken {
        /// One word of each cue of the page.
        var words: Set<Int>
        /// Words before them.
        var passed: Set<Int>
        var frames: FrameRange
    }

    /// The words with the frames in which they are spoken; a word lasts until the next one of
    /// its cue starts.
    var spoken: [Spoken] {
        let lanes = groups.map { group in
            group.map { index in
                index == group.lowerBound
                    ? start : max(start, Self.frame(words[index].start, rate))
            }
        }
        let edges = Set(lanes.flatMap { $0 } + [end]).filter { $0 <= end }.sorted()
        return zip(edges, edges.dropFirst()).map { from, to in
            var spoken = Spoken(words: [], passed: [], frames: FrameRange(from, to))
            for (group, starts) in zip(groups, lanes) {
                guard let last = starts.lastIndex(where: { $0 <= from }) else { continue }
                spoken.words.insert(group.lowerBound + last)
                spoken.passed.formUnion(group.lowerBound..<(group.lowerBound + last))
            }
            return spoken
        }
    }
}

extension TextAnchor {
    /// Moves the text inward from the edges of its anchor, to make room for its box's
    /// padding.
    mutating func moveInside(by pixels: Int) {
        switch position {
        case .left, .topLeft, .bottomLeft: x += pixels
        case .right, .topRight, .bottomRight: x -= pixels
        case .center, .top, .bottom: break
        }
        switch position {
        case .top, .topLeft, .topRight: y += pixels
        case .bottom, .bottomLeft, .bottomRight: y -= pixels
        case .center, .left, .right: break
        }
    }
}
