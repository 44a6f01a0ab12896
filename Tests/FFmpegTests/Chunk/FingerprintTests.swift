import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct FingerprintTests {
    private func plan(_ placements: [RenderPlan.Placement], etag: String = "\"e\"") -> RenderPlan {
        let video = MediaInfo.Video(
            codec: "h264", width: 640, height: 360, frameRate: Rational(25),
            pixelFormat: "yuv420p", colorSpace: "bt709", colorRange: "tv")
        return RenderPlan(
            output: RenderPlan.OutputSettings(width: 640, height: 360, frameRate: Rational(25)),
            frameCount: 1_000,
            sources: [
                RenderPlan.Source(
                    assetID: "a", key: "uploads/o/a/x.mp4", etag: etag, bytes: 10,
                    media: MediaInfo(
                        kind: .video, format: "mov,mp4", durationMicroseconds: 60_000_000,
                        video: video))
            ], layers: [RenderPlan.Layer(placements: placements)], audio: [],
            chunks: [FrameRange(0, 1_000)])
    }

    private func clip(
        _ start: Int, _ end: Int, from seconds: Rational, fadeOut: Int = 0
    ) -> RenderPlan.Placement {
        RenderPlan.Placement(
            source: 0, frames: FrameRange(start, end), sourceStart: seconds,
            box: RenderPlan.Box(width: 640, height: 360), fadeOutFrames: fadeOut)
    }

    private func text(
        _ start: Int, _ end: Int, _ plan: RenderPlan, version: String = "ffmpeg 5"
    ) -> String {
        chunkFingerprint(FrameRange(start, end), of: plan, ffmpegVersion: version)
    }

    @Test func `a fingerprint contains everything that decides the frames`() {
        let plan = plan([clip(100, 400, from: Rational(41, 20), fadeOut: 25)])

        #expect(
            text(350, 400, plan) == """
                spool chunk 3
                ffmpeg ffmpeg 5
                frames 50
                output 640x360 25 000000
                encode -c:v libx264 -preset veryfast -crf 20 -profile:v high -g 125 -bf 3 \
                -pix_fmt yuv420p -threads 1 -color_primaries bt709 -color_trc bt709 \
                -colorspace bt709 -color_range tv -fps_mode passthrough -enc_time_base 1/25 \
                -video_track_timescale 12800 -map_metadata -1 -map_chapters -1 -fflags +bitexact \
                -movflags +frag_keyframe+delay_moov+default_base_moof -min_frag_duration 1000000
                source "e" 10 mov,mp4,0,0,640x360,0,1,yuv420p,bt709,tv; grid 1/100+301; \
                scale 640x360; crop 640x360+0+0; place 0+0; frames 50; opacity 1
                bottom at 0+50; piece 0+0; fade-out 250 of 25 from 275

                """)
    }

    @Test func `a moved clip, a trimmed head and a distant fade keep the fingerprint`() {
        let before = text(200, 300, plan([clip(100, 400, from: Rational(2))]))

        #expect(text(600, 700, plan([clip(500, 800, from: Rational(2))])) == before)
        #expect(text(200, 300, plan([clip(150, 400, from: Rational(4))])) == before)
        #expect(text(200, 300, plan([clip(100, 400, from: Rational(2), fadeOut: 50)])) == before)
    }

    @Test func `another file, in-point, length, fade, encoder or FFmpeg changes the fingerprint`() {
        let base = plan([clip(100, 400, from: Rational(2))])
        var hardware = base
        hardware.output.video.encoder = .nvenc
        let texts = [
            text(200, 300, hardware), text(200, 300, base), text(200, 301, base),
            text(201, 301, base),
            text(200, 300, plan([clip(100, 400, from: Rational(2))], etag: "\"f\"")),
            text(200, 300, plan([clip(100, 400, from: Rational(201, 100))])),
            text(200, 300, plan([clip(100, 400, from: Rational(2), fadeOut: 101)])),
            text(200, 300, base, version: "ffmpeg 7"),
        ]

        #expect(Set(texts).count == texts.count)
    }
}
