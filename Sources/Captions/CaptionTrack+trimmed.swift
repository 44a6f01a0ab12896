extension CaptionTrack {
    /// The track from an in-point on, with times counted from it; a cue or word that spans the
    /// in-point starts there.
    package func trimmed(from milliseconds: Int) -> CaptionTrack {
        guard milliseconds > 0 else { return self }
        var kept: [CaptionCue] = []
        for cue in cues where cue.end > milliseconds {
            let words = cue.words.filter { $0.end > milliseconds }.map { word in
                var word = word
                word.start = max(0, word.start - milliseconds)
                word.end -= milliseconds
                return word
            }
            guard !words.isEmpty else { continue }
            var rest = cue
            rest.start = max(0, cue.start - milliseconds)
            rest.end -= milliseconds
            rest.words = words
            kept.append(rest)
        }
        return CaptionTrack(cues: kept)
    }
}
