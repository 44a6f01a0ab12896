@testable import MediaTime
@testable import Planning
@testable import RenderPlans
import Testing

/// The decision to make audio in pieces, and their borders.
@Suite struct AudioPlannerTests {
    /// A film of one clip after the other, in 1080p, in chunks of 5 s.
    private func film(
        minutes: Int, clipSeconds: Int, format: RenderPlan.OutputFormat = .mp4,
        media: MediaInfo = Self.camera, bytes: Int = 1 << 30
    ) -> RenderPlan {
        let (rate, seconds) = (48_000, minutes * 60)
        var plan = RenderPlan(
            output: .init(width: 1_920, height: 1_080, frameRate: Rational(30)),
            frameCount: 30 * seconds,
            sources: [.init(assetID: "a", key: "k", etag: "e", bytes: bytes, media: media)],
            layers: [],
            audio: stride(from: 0, to: seconds, by: clipSeconds).map {
                .init(
                    source: 0, startSample: $0 * rate,
                    endSample: min($0 + clipSeconds, seconds) * rate)
            },
            chunks: [])
        if format == .mp4 {
            plan.chunks = stride(from: 0, to: 30 * seconds, by: 150).map {
                FrameRange($0, $0 + 150)
            }
        }
        plan.output.format = format
        return plan
    }

    private static let camera = MediaInfo(
        kind: .video, format: "mov,mp4,m4a,3gp,3g2,mj2", durationMicroseconds: 7_200_000_000,
        audio: .init(codec: "aac", sampleRate: 48_000, channels: 2, streamIndex: 1))
    private static let browser = MediaInfo(
        kind: .video, format: "matroska,webm", durationMicroseconds: 7_200_000_000,
        audio: .init(codec: "opus", sampleRate: 48_000, channels: 2, streamIndex: 1))

    private func cut(
        _ plan: RenderPlan, instances: Int, functionTimeMax: Duration = .seconds(900)
    ) -> [AudioFrameRange]? {
        AudioPlanner(concurrency: instances, functionTimeMax: functionTimeMax).pieces(of: plan)
    }

    @Test func `audio pieces tile the packets after the encoder's delay`() throws {
        let plan = film(minutes: 120, clipSeconds: 7)

        let pieces = try #require(cut(plan, instances: 1_000))

        #expect(pieces.count > 8)
        #expect(pieces.first?.start == 0)
        #expect(pieces.last?.end == (120 * 60 * 48_000 + 1_023) / 1_024 + 1)
        for (piece, next) in zip(pieces, pieces.dropFirst()) {
            #expect(piece.end == next.start)
            #expect(piece.count == pieces[0].count)
            #expect(piece.end % AudioPlanner.gridAudioFrames == 0)
        }
        let last = try #require(pieces.last)
        #expect(2 * last.count >= pieces[0].count && 2 * last.count <= 3 * pieces[0].count)
    }

    @Test func `audio is not cut where frames take longer`() {
        #expect(cut(film(minutes: 120, clipSeconds: 7), instances: 2) == nil)
        #expect(cut(film(minutes: 1, clipSeconds: 7), instances: 1_000) == nil)
        #expect(cut(film(minutes: 10, clipSeconds: 7), instances: 8) == nil)
        #expect(cut(film(minutes: 10, clipSeconds: 7), instances: 256)?.count == 3)
    }

    @Test func `an audio output uses all instances`() {
        let plan = film(minutes: 10, clipSeconds: 7, format: .m4a)

        #expect(cut(plan, instances: 1) == nil)
        #expect(cut(plan, instances: 4)?.count == 4)
        #expect(cut(plan, instances: 100)?.count == 9)
    }

    @Test func `a long clip is not read by many pieces`() throws {
        let short = film(minutes: 120, clipSeconds: 7, format: .m4a)
        let long = film(minutes: 120, clipSeconds: 7_200, format: .m4a)
        // Its audio can be read only with its video of 8 Mbit/s.
        let heavy = film(
            minutes: 120, clipSeconds: 7_200, format: .m4a, media: Self.browser,
            bytes: 7_200_000_000)

        #expect(try #require(cut(short, instances: 200)).count > 100)
        #expect((8...16).contains(try #require(cut(long, instances: 200)).count))
        #expect((cut(heavy, instances: 200)?.count ?? 1) < 4)
    }

    @Test func `audio too long for a function's time is always cut`() throws {
        let plan = film(minutes: 1_200, clipSeconds: 7)

        let pieces = try #require(cut(plan, instances: 1))

        #expect((5...7).contains(pieces.count))
    }

    @Test func `only AAC without a stream is made in pieces`() {
        var opus = film(minutes: 120, clipSeconds: 7)
        opus.output.audio.codec = .opus
        var streamed = film(minutes: 120, clipSeconds: 7)
        streamed.output.isStreamed = true
        let still = film(minutes: 120, clipSeconds: 7, format: .png)

        for plan in [opus, streamed, still] { #expect(cut(plan, instances: 1_000) == nil) }
    }
}
