import MediaTime
import RenderPlans

/// Data that a successful run could not decode, by its messages.
struct Damage {
    /// The messages.
    let errors: String
    let inputs: [SourceInput]
    /// The source of each input.
    let sources: [RenderPlan.Source]

    /// A warning about a range of the timeline; nil without damage.
    func warnings(from start: Rational, to end: Rational) -> [MediaWarning]? {
        // After a seek in a stream without an index, decoding begins between keyframes.
        let isDoubtful = zip(inputs, sources).contains { input, source in
            input.options.contains("-ss") && ["mpegts", "mpeg"].contains(source.media.demuxer)
        }
        guard !isDoubtful,
            let line = errors.split(separator: "\n").first(where: {
                FFmpegMessage.first(.damagedSource, in: $0) != nil
            })
        else { return nil }
        let assets = Set(sources.map(\.assetID))
        let message = line.hasPrefix("[") ? line.drop { $0 != "]" }.dropFirst() : line
        return [
            MediaWarning(
                .damaged,
                "FFmpeg met damaged data and continued:\(message.hasPrefix(" ") ? "" : " ")"
                    + Redaction.redacted(String(message)),
                assetID: assets.count == 1 ? assets.first : nil, start: start, end: end)
        ]
    }
}
