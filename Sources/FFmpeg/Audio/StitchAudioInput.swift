import MediaTime
import Planning
import RenderPlans

/// The rendered sound as an input of the stitch.
enum StitchAudioInput {
    case whole(url: String, RenderPlan.AudioEncoding.Codec)
    /// A list of its pieces, whose first packet plays so many seconds before the
    /// film: it holds the encoder's delay.
    case pieces(list: String, delay: Rational)

    /// Nil where there is no sound. Writes the list of pieces.
    init?(_ plan: RenderPlan, _ urls: [String], listPath: String) throws(FFmpegError) {
        guard let pieces = plan.audioPieces else {
            guard let url = urls.first else { return nil }
            self = .whole(url: url, plan.output.audio.codec)
            return
        }
        precondition(urls.count == pieces.count, "a URL for each piece")
        let frame = Rational(AudioPlanner.audioFrameSamples, plan.output.audio.sampleRate)
        try FileSystem.write(
            MediaEngine.concatList(pieces, urls, rate: Rational(1) / frame), to: listPath)
        self = .pieces(list: listPath, delay: frame)
    }

    func removeList() {
        if case .pieces(let list, _) = self { FileSystem.remove(list) }
    }
}
