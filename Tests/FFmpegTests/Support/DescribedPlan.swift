import MediaTime
import RenderPlans
import TestSupport

extension RenderPlan {
    /// A film and a logo that fades in above it, with two clips of audio: 300 frames of 29.97 a
    /// second. Its sources have no files, only their media information.
    static var filmWithLogo: RenderPlan {
        let film = MediaInfo(
            kind: .video, format: "mov,mp4", durationMicroseconds: 90_000_000,
            startMicroseconds: 80_000,
            video: MediaInfo.Video(
                codec: "h264", width: 1_280, height: 720, frameRate: Rational(25),
                pixelFormat: "yuv420p", colorSpace: "bt709", colorRange: "tv"),
            audio: MediaInfo.Audio(codec: "aac", sampleRate: 44_100, channels: 1, streamIndex: 1))
        let logo = MediaInfo(
            kind: .image, format: "png_pipe", durationMicroseconds: 0,
            video: MediaInfo.Video(
                codec: "png", width: 200, height: 100, frameRate: nil, pixelFormat: "rgba"))
        let full = RenderPlan.Box(width: 640, height: 360)
        return RenderPlan(
            output: RenderPlan.OutputSettings(
                width: 640, height: 360, frameRate: Rational(30_000, 1_001),
                background: "ffffff"),
            frameCount: 300,
            sources: [
                RenderPlan.Source(assetID: "f", key: "f", etag: "f", bytes: 1, media: film),
                RenderPlan.Source(assetID: "l", key: "l", etag: "l", bytes: 1, media: logo),
            ],
            layers: [
                RenderPlan.Layer(placements: [
                    RenderPlan.Placement(
                        source: 0, frames: FrameRange(0, 200), sourceStart: Rational(10), box: full)
                ]),
                RenderPlan.Layer(placements: [
                    RenderPlan.Placement(
                        source: 1, frames: FrameRange(120, 240), fit: .contain,
                        box: RenderPlan.Box(x: 20, y: 20, width: 100, height: 100),
                        opacity: Rational(1, 2), fadeInFrames: 30)
                ]),
            ],
            audio: [
                RenderPlan.AudioPlacement(
                    source: 0, startSample: 4_800, endSample: 100_000, sourceStart: Rational(30),
                    volume: Rational(1, 2), fadeInSamples: 480),
                RenderPlan.AudioPlacement(source: 0, startSample: 90_000, endSample: 120_000),
            ], chunks: [FrameRange(0, 300)])
    }
}
