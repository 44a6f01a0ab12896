extension CaptionTrack {
    /// The track from an in-point on, with times counted from it; a cue or word that spans the
    /// in-point starts there.
    package func trimmed(from milliseconds: Int) -> CaptionTrack {
        guard milliseconds > 0 else { return self }
        var kept: [CaptionCue] = []
        for cue in cues where cue.end > milliseconds {
            let words = cue.words.filter { $0.end > milliseconds }.map { word in
                CaptionWord(
                    word.text, start: max(0, word.start - milliseconds),
                    end: word.end - milliseconds, startsLine: word.startsLine)
            }
            guard !words.isEmpty else { continue }
            kept.append(
                CaptionCue(
                    start: max(0, cue.start - milliseconds), end: cue.end - milliseconds,
                    words: words))
        }
        return CaptionTrack(cues: kept)
    }
}
