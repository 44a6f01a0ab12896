import EditFormats
import MediaTime
import RenderPlans

extension SourceMatching {
    /// Copies the requested properties from the picture; a property that the picture lacks
    /// remains unchanged.
    func apply(_ video: MediaInfo.Video?, to settings: inout RenderPlan.OutputSettings) {
        guard let video else { return }
        if size {
            let sides = Limits.sidePixelsMin...Limits.sidePixelsMax
            let (width, height) = video.displaySize
            let minimum = settings.video.codec == .av1 ? Limits.av1SidePixelsMin : 0
            if sides.contains(width), sides.contains(height),
                width * height <= Limits.framePixelsMax,
                min(width, height) >= minimum
            {
                (settings.width, settings.height) = (width & ~1, height & ~1)
            }
        }
        let rates = Limits.frameRateMin...Limits.frameRateMax
        if rate, let rate = video.frameRate, rates.contains(rate) {
            settings.frameRate = rate.standardFrameRate
        }
    }
}

extension EditLowering {
    /// The first picture of the lowest track that has one; nil if no track has one.
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
