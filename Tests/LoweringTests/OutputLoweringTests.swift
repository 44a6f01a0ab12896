@testable import MediaTime
@testable import RenderPlans
import Testing
import TestSupport

/// The part of a timeline that an output keeps.
@Suite struct OutputLoweringTests {
    /// 6 s of film with audio at 30 frames per second, or as the output says.
    private func lowered(_ output: String) throws -> RenderPlan {
        try plan(
            oneTrack(
                #"{"asset":{"type":"video","assetId":"ast_1"},"length":4}"#,
                #"{"asset":{"type":"video","assetId":"ast_2"},"length":2}"#, output: output))
    }

    @Test func `an audio output has no chunks`() throws {
        let plan = try lowered(#"{"format":"m4a"}"#)

        #expect(plan.layers.isEmpty && plan.chunks.isEmpty)
        #expect(plan.pictureFrames.isEmpty)
        #expect(plan.audio.count == 2)
        #expect(plan.sampleCount == 288_000)
    }

    @Test func `a GIF is small, slow and silent by default`() throws {
        let plan = try lowered(#"{"format":"gif"}"#)

        #expect(plan.output.width == 640 && plan.output.height == 360)
        #expect(plan.output.frameRate == Rational(15))
        #expect(plan.output.video.codec == .lossless)
        #expect(plan.audio.isEmpty)
        #expect(plan.frameCount == 90)
        #expect(try lowered(#"{"format":"gif","fps":25}"#).output.frameRate == Rational(25))
    }

    @Test func `a still is the one frame that shows at its time`() throws {
        let plan = try lowered(#"{"format":"png","at":4.99}"#)

        #expect(plan.chunks == [FrameRange(0, 1)])
        #expect(plan.layers.map { $0.placements.map(\.frames) } == [[FrameRange(-29, 31)]])
        #expect(plan.audio.isEmpty)
        #expect(try lowered(#"{"format":"png"}"#).chunks == [FrameRange(0, 1)])
    }

    @Test(arguments: [
        (#"{}"#, "mp4 h264 aac 20"), (#"{"codec":"hevc"}"#, "mp4 hevc aac 24"),
        (#"{"codec":"av1"}"#, "mp4 av1 aac 32"), (#"{"codec":"vp9"}"#, "webm vp9 opus 31"),
        (#"{"format":"webm"}"#, "webm vp9 opus 31"),
        (#"{"codec":"prores"}"#, "mov prores pcm24 20"),
        (#"{"format":"mov"}"#, "mov prores pcm24 20"),
        (#"{"format":"mov","codec":"h264"}"#, "mov h264 aac 20"),
        (#"{"audio":{"codec":"opus"}}"#, "webm vp9 opus 31"),
        (#"{"codec":"lossless","audio":{"codec":"pcm"}}"#, "mov lossless pcm 20"),
        (#"{"codec":"av1","audio":{"codec":"opus"}}"#, "webm av1 opus 32"),
        (#"{"format":"wav"}"#, "wav lossless pcm16 20"),
    ])
    func `format and codecs default to each other`(output: String, expected: String) throws {
        let settings = try lowered(output).output

        #expect(
            "\(settings.format) \(settings.video.codec) \(settings.audio.codec)"
                + " \(settings.video.crf)" == expected)
    }
}
