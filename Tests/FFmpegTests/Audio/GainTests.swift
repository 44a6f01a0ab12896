@testable import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Gains, speed, ducking and trimmed heads, compared by samples.
@Suite struct GainTests {
    private func left(
        _ samples: [SampleMedia.Sample], _ audio: [RenderPlan.AudioPlacement],
        frameCount: Int = 60
    ) async throws -> [Float] {
        var rendering = try await Rendering(samples, frameCount: frameCount, rate: Rational(30))
        rendering.plan.audio = audio
        let audio = try await rendering.renderedAudio()
        return stride(from: 0, to: audio.count, by: 2).map { audio[$0] }
    }

    /// Root mean square.
    private func level(_ samples: ArraySlice<Float>) -> Float {
        (samples.reduce(0) { $0 + $1 * $1 } / Float(max(1, samples.count))).squareRoot()
    }

    /// The maximum number of points, whose graph is too long for an argument.
    @Test func `a gain of 4,000 points equals the line through them`() async throws {
        let clip = RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 96_000)
        var (few, many) = (clip, clip)
        few.gainPoints = [
            .init(sample: 0, gain: .zero), .init(sample: 80_000, gain: Rational(2)),
        ]
        many.gainPoints = (0...Limits.volumePointCountMax).map {
            .init(sample: 20 * $0, gain: Rational($0, Limits.volumePointCountMax / 2))
        }

        let (expected, found) = (try await left([.ntsc], [few]), try await left([.ntsc], [many]))

        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 0.000_1 })
        #expect(level(found[60_000..<80_000]) > 0.1)
    }

    @Test func `the gain is linear between points and constant outside them`() async throws {
        let clip = RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 96_000)
        var shaped = clip
        shaped.gainPoints = [
            .init(sample: -1_000, gain: Rational(1)), .init(sample: 10_000, gain: Rational(1)),
            .init(sample: 30_000, gain: Rational(1, 4)), .init(sample: 50_000, gain: Rational(2)),
        ]

        let plain = try await left([.ntsc], [clip])
        let audio = try await left([.ntsc], [shaped])

        func expected(_ index: Int) -> Float {
            switch index {
            case ..<10_000: 1
            case ..<30_000: 1 - 0.75 * Float(index - 10_000) / 20_000
            case ..<50_000: 0.25 + 1.75 * Float(index - 30_000) / 20_000
            default: 2
            }
        }
        let worst = plain.indices.map { abs(audio[$0] - plain[$0] * expected($0)) }.max() ?? 1
        #expect(worst < 1e-5)
    }

    @Test func `a head before the output's start is cut to the sample`() async throws {
        let whole = try await left(
            [.ntsc],
            [
                .init(
                    source: 0, startSample: 0, endSample: 90_000, sourceStart: Rational(1),
                    fadeInSamples: 40_000)
            ])
        let cut = try await left(
            [.ntsc],
            [
                .init(
                    source: 0, startSample: -20_000, endSample: 70_000,
                    sourceStart: Rational(1), fadeInSamples: 40_000)
            ])

        #expect(same(Array(cut[..<70_000]), Array(whole[20_000..<90_000])))
        #expect(cut[70_000...].allSatisfy { $0 == 0 })
    }

    @Test func `speed keeps pitch and planned length`() async throws {
        for speed in [Rational(2), Rational(1, 4)] {
            let audio = try await left(
                [.voice],
                [.init(source: 0, startSample: 0, endSample: 48_000, speed: speed)])

            // 500 Hz crosses zero a thousand times a second at any speed.
            let heard = audio[8_000..<40_000]
            let crossings = zip(heard, heard.dropFirst()).filter { ($0 < 0) != ($1 < 0) }.count
            #expect(audio.count == 96_000)
            #expect((640...694).contains(crossings), "\(speed): \(crossings)")
            #expect(audio[48_000...].allSatisfy { $0 == 0 })
        }
    }

    @Test func `music is quieter under a voice and recovers after it`() async throws {
        let music = RenderPlan.AudioPlacement(
            source: 0, startSample: 0, endSample: 240_000, loops: true, ducks: true)
        let voice = RenderPlan.AudioPlacement(
            source: 1, startSample: 72_000, endSample: 144_000, volume: Rational(1, 2))

        let alone = try await left([.song, .voice], [music], frameCount: 150)
        let both = try await left([.song, .voice], [music, voice], frameCount: 150)
        let speech = try await left([.song, .voice], [voice], frameCount: 150)

        func share(_ range: Range<Int>) -> Float {
            let rest = zip(both[range], speech[range]).map { $0 - $1 }
            return level(rest[...]) / level(alone[range])
        }
        #expect(share(20_000..<70_000) > 0.99)
        #expect((0.05...0.5).contains(share(90_000..<140_000)))
        #expect(share(220_000..<240_000) > 0.8)
    }
}
