import Editing

/// The rendered sound as an input of the stitch.
enum SoundInput {
    case whole(url: String, RenderPlan.AudioEncoding.Codec)
    /// A list of its pieces, whose first packet plays so many seconds before the
    /// film: it holds the encoder's delay.
    case pieces(list: String, delay: Rational)

    /// Nil where there is no sound. Writes the list of pieces.
    init?(_ plan: RenderPlan, _ urls: [String], listPath: String) throws(FFmpegError) {
        guard let pieces = plan.soundPieces else {
            guard let url = urls.first else { return nil }
            self = .whole(url: url, plan.output.audio.codec)
            return
        }
        precondition(urls.count == pieces.count, "a URL for each piece")
        let rate = plan.output.audio.sampleRate
        var text = "ffconcat version 1.0\n"
        for (piece, url) in zip(pieces, urls) {
            text += "file \(MediaEngine.quoted(SourceInput.resource(url)))\n"
            text += MediaEngine.options(url)
            // The difference of two rounded times, so that rounding never adds up.
            let duration = Self.microseconds(piece.end, rate) - Self.microseconds(piece.start, rate)
            text += "duration \(Rational(duration, 1_000_000).sixDecimals)\n"
        }
        try FileSystem.write(text, to: listPath)
        self = .pieces(list: listPath, delay: Rational(SoundPlanner.frameSamples, rate))
    }

    private static func microseconds(_ frame: Int, _ rate: Int) -> Int {
        Rational(frame * SoundPlanner.frameSamples * 1_000_000, rate).rounded
    }

    func removeList() {
        if case .pieces(let list, _) = self { FileSystem.remove(list) }
    }
}
