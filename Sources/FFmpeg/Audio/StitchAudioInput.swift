import MediaTime
import Planning
import RenderPlans

/// The rendered audio as an input of the stitch.
enum StitchAudioInput {
    case whole(url: String, RenderPlan.AudioEncoding.Codec)
    /// The concat script of its pieces. The first packet holds the encoder's delay and is
    /// `delay` seconds before the first sample.
    case pieces(list: String, delay: Rational)

    /// Writes the concat script if there are pieces; nil for an output without audio.
    init?(_ plan: RenderPlan, _ urls: [String], listPath: String) throws(FFmpegError) {
        guard let pieces = plan.audioPieces else {
            guard let url = urls.first else { return nil }
            self = .whole(url: url, plan.output.audio.codec)
            return
        }
        precondition(urls.count == pieces.count, "one URL for each piece")
        let frame = Rational(AudioFrame.sampleCount, plan.output.audio.sampleRate)
        try FileSystem.write(
            MediaEngine.concatList(pieces, urls, rate: Rational(1) / frame), to: listPath)
        self = .pieces(list: listPath, delay: frame)
    }

    func removeList() {
        if case .pieces(let list, _) = self { FileSystem.remove(list) }
    }
}
