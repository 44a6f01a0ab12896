/// What an output takes over from its main picture.
package struct SourceLike: Hashable, Sendable {
    /// The size of the picture, as a player shows it.
    package var size = false
    /// The frame rate; a rate that varies gives its average.
    package var rate = false

    /// Fills in what was asked for; a picture that has it not leaves it.
    func apply(_ video: MediaInfo.Video?, to settings: inout RenderPlan.OutputSettings) {
        guard let video else { return }
        if size {
            let sides = Limits.shortestSidePixels...Limits.longestSidePixels
            let (width, height) = video.displaySize
            let least = settings.video.codec == .av1 ? Limits.shortestAV1SidePixels : 0
            if sides.contains(width), sides.contains(height), width * height <= Limits.mostPixels,
                min(width, height) >= least
            {
                (settings.width, settings.height) = (width & ~1, height & ~1)
            }
        }
        let rates = Limits.slowestFrameRate...Limits.fastestFrameRate
        if rate, let rate = video.frameRate, rates.contains(rate) {
            settings.frameRate = EditDecoding.standardRate(rate)
        }
    }
}

extension EditDecoding {
    /// The object without the fields that say `"source"`.
    mutating func likeSource(
        _ object: JSONObjectNode, rateNames: [String]
    ) -> (JSONObjectNode, SourceLike) {
        var (fields, like) = (object.fields, SourceLike())
        if fields["resolution"] == .string("source") {
            fields["resolution"] = nil
            like.size = true
        }
        for name in rateNames where fields[name] == .string("source") {
            fields[name] = nil
            like.rate = true
        }
        return (JSONObjectNode(fields: fields, pointer: object.pointer), like)
    }
}

extension EditLowering {
    /// The first picture of the lowest track that has one.
    func mainPicture(of tracks: [[UsableClip]]) -> MediaInfo.Video? {
        for track in tracks.reversed() {
            for clip in track {
                switch clip.content {
                case .media(_, _, .audio), .color, .text, .captions: continue
                case .media(_, let asset, _): return asset.media.video
                case .multicam(let multicam, let angles, _):
                    return multicam.switches.first.flatMap { angles[$0.angle].media.video }
                }
            }
        }
        return nil
    }
}
