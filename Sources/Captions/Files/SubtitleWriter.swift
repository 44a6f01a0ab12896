extension CaptionTrack {
    /// The track as SubRip: numbered cues, lines that end with `\n`, and a blank line after
    /// each cue.
    package func subRip() -> String {
        var text = ""
        for (index, cue) in shown.enumerated() {
            text += "\(index + 1)\n"
            text += "\(Self.clock(cue.start, point: ",")) --> \(Self.clock(cue.end, point: ","))\n"
            if let placement = cue.placement { text += "{\\an\(placement.keypadNumber)}" }
            text += Self.lines(cue) { SubtitleText.plain($0.text) }.joined(separator: "\n")
            text += "\n\n"
        }
        return text
    }

    /// The track as WebVTT, with a time for each word after the first.
    package func webVTT() -> String {
        var text = "WEBVTT\n\n"
        for cue in shown {
            text += "\(Self.clock(cue.start, point: ".")) --> \(Self.clock(cue.end, point: "."))"
            text += Self.setting(cue.placement) + "\n"
            var latest = cue.start
            let lines = Self.lines(cue) { word in
                // A word's time must lie inside the cue and after the previous time.
                guard word.start > latest, word.start < cue.end else {
                    return SubtitleText.escaped(word.text)
                }
                latest = word.start
                let time = Self.clock(word.start, point: ".")
                return "<\(time)>\(SubtitleText.escaped(word.text))"
            }
            text += lines.joined(separator: "\n") + "\n\n"
        }
        return text
    }

    /// The setting of a cue that is not at the bottom.
    private static func setting(_ placement: AnchorPosition?) -> String {
        switch placement {
        case .top, .topLeft, .topRight: " line:0"
        case .center, .left, .right: " line:50%"
        case .bottom, .bottomLeft, .bottomRight, nil: ""
        }
    }

    /// The cues that players can show.
    private var shown: [CaptionCue] {
        cues.filter { $0.end > $0.start && !$0.words.isEmpty }
    }

    private static func lines(
        _ cue: CaptionCue, _ write: (CaptionWord) -> String
    ) -> [String] {
        var lines: [String] = []
        for word in cue.words {
            let text = write(word)
            guard !text.isEmpty else { continue }
            if lines.isEmpty || word.startsLine {
                lines.append(text)
            } else {
                lines[lines.count - 1] += (word.isJoined == true ? "" : " ") + text
            }
        }
        return lines.isEmpty ? ["\u{A0}"] : lines
    }

    /// The time as `00:01:02,345`, with the given decimal mark.
    static func clock(_ milliseconds: Int, point: String) -> String {
        func digits(_ value: Int, _ count: Int) -> String {
            let text = String(value)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let (seconds, millis) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
        return digits(seconds / 3_600, 2) + ":" + digits(seconds / 60 % 60, 2) + ":"
            + digits(seconds % 60, 2) + point + digits(millis, 3)
    }
}

/// Escapes text for subtitle files.
enum SubtitleText {
    /// The text without control characters and line ends.
    static func plain(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate: continue
            default: scalars.append(scalar)
            }
        }
        let plain = String(scalars)
        // A player would read an arrow as a line of times.
        return plain.replacing("-->", with: "→")
    }

    /// The `plain` text with WebVTT's entities.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in plain(text) {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
        return result
    }
}
