@testable import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Copying of audio packets instead of encoding.
@Suite struct AudioPacketCopyTests {
    private func rows(_ starts: [Int]) -> [PacketRow] {
        starts.map {
            PacketRow(
                shown: Rational($0, 48_000), duration: Rational(1_024, 48_000), isKey: true,
                content: "")
        }
    }

    private func count(_ starts: [Int], samples: Int) -> Int? {
        AudioPacketCopy.count(rows(starts), samples: samples, sampleRate: 48_000)
    }

    @Test func `packets up to the last sample are copied and no others`() {
        let packets = (-1..<10).map { $0 * 1_024 }

        #expect(count(packets, samples: 1) == 2)
        #expect(count(packets, samples: 1_024) == 2)
        #expect(count(packets, samples: 1_025) == 3)
        #expect(count(packets.map { $0 - 500 }, samples: 1_024) == 3)
    }

    @Test func `a gap or a missing priming packet prevents the copy`() {
        let packets = (-1..<10).map { $0 * 1_024 }

        // Too few packets, none before the first sample, a gap, a first one too early.
        #expect(count(packets, samples: 11 * 1_024) == nil)
        #expect(count(Array(packets.dropFirst()), samples: 1_024) == nil)
        #expect(count(packets.filter { $0 != 2_048 }, samples: 8_192) == nil)
        #expect(count([-4_096] + packets, samples: 1_024) == nil)
        #expect(count([], samples: 1) == nil)
    }

    /// A gliding tone, so that no two parts of it are equal.
    private func source(in folder: String) async throws -> String {
        let path = "\(folder)/glide.mp4"
        let glide = "0.4*sin(2*PI*(200*t+15*t*t))"
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=30"]
                + ["-f", "lavfi", "-i", "aevalsrc=exprs=\(glide)|0.5*\(glide):s=48000:d=30"]
                + ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", path])
        return path
    }

    private func rendering(
        _ path: String, frameCount: Int, from: Rational
    ) async throws -> Rendering {
        var rendering = try await Rendering(
            files: [path], frameCount: frameCount, width: 320, height: 180, rate: Rational(30))
        rendering.plan.output.video.copiesUntouched = true
        rendering.plan.output.audio.codec = .aac
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(
                source: 0, startSample: 0, endSample: rendering.plan.sampleCount,
                sourceStart: from)
        ]
        return rendering
    }

    @Test(arguments: [Rational.zero, Rational(7, 2), Rational(12_345_667, 1_000_000), Rational(23)])
    func `copied audio begins and ends at the requested samples`(from: Rational) async throws {
        let folder = NSTemporaryPath.make("spool-audio-copy")
        let path = try await source(in: folder)
        let rendering = try await rendering(path, frameCount: 181, from: from)
        let audio = "\(rendering.folder)/audio.m4a"

        let report = try await rendering.engine.copyAudioPackets(
            #require(AudioPacketCopy(rendering.plan)), of: rendering.plan, url: path, to: audio)

        #expect(report != nil)
        let copied = try await Rendering.samples(of: audio)
        let original = try await Rendering.samples(of: path)
        let first = (from * Rational(48_000)).rounded * 2
        let wanted = rendering.plan.sampleCount * 2
        // Whole packets, as an encoder makes them.
        #expect((wanted..<wanted + 2 * 1_024).contains(copied.count))
        let same = zip(copied.prefix(wanted), original[first...].prefix(wanted))
            .allSatisfy { abs($0 - $1) < 0.000_1 }
        #expect(same)
    }

    @Test func `only unchanged audio is copied`() async throws {
        let folder = NSTemporaryPath.make("spool-audio-copy")
        let path = try await source(in: folder)
        let plan = try await rendering(path, frameCount: 60, from: Rational(1)).plan
        func isCopied(_ change: (inout RenderPlan) -> Void) -> Bool {
            var changed = plan
            change(&changed)
            return AudioPacketCopy(changed) != nil
        }

        #expect(isCopied { _ in })
        #expect(!isCopied { $0.output.video.copiesUntouched = false })
        #expect(!isCopied { $0.output.audio.sampleRate = 44_100 })
        #expect(!isCopied { $0.output.audio.channels = 1 })
        #expect(!isCopied { $0.output.audio.codec = .mp3 })
        #expect(!isCopied { $0.audio[0].volume = Rational(1, 2) })
        #expect(!isCopied { $0.audio[0].speed = Rational(2) })
        #expect(!isCopied { $0.audio[0].fadeOutSamples = 10 })
        #expect(!isCopied { $0.audio[0].endSample -= 1 })
        #expect(!isCopied { $0.audio[0].startSample += 1 })
        #expect(!isCopied { $0.audio.append($0.audio[0]) })
    }

    @Test func `a film with copied audio passes verification with the source's samples`()
        async throws
    {
        let folder = NSTemporaryPath.make("spool-audio-copy")
        let path = try await source(in: folder)
        var rendering = try await rendering(path, frameCount: 90, from: Rational(5, 2))
        rendering.plan.output.format = .mp4
        rendering.plan.output.video.codec = .h264
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 90), sourceStart: Rational(5, 2),
                    box: rendering.full)
            ])
        ]
        rendering.plan.chunks = [FrameRange(0, 40), FrameRange(40, 90)]

        let film = try await rendering.export()
        let check = try await rendering.engine.verify(film, against: rendering.plan)

        #expect(abs((check.audioSamples ?? 0) - rendering.plan.sampleCount) < 1_024)
        let played = try await Rendering.samples(of: film)
        let original = try await Rendering.samples(of: path)
        let wanted = rendering.plan.sampleCount * 2
        let same = zip(played.prefix(wanted), original[240_000...].prefix(wanted))
            .allSatisfy { abs($0 - $1) < 0.000_1 }
        #expect(played.count >= wanted && same)
    }
}
