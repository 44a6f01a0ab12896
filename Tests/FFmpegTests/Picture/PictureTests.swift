import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Placement, effects and transitions, compared by pixels.
@Suite struct PictureTests {
    /// One frame as planes of luma and chroma, all of the output's size.
    private struct Frame {
        let width: Int
        let bytes: [UInt8]

        private var area: Int { bytes.count / 3 }

        /// Luma and both chroma values.
        func at(_ x: Int, _ y: Int) -> [Int] {
            (0..<3).map { Int(bytes[$0 * area + y * width + x]) }
        }

        func luma(_ x: Int, _ y: Int) -> Int { at(x, y)[0] }

        func isEqual(to other: Frame) -> Bool { bytes == other.bytes }
    }

    private func frames(
        _ placements: [RenderPlan.Placement], _ samples: [SampleMedia.Sample] = [],
        count: Int = 1, background: String = "000000"
    ) async throws -> [Frame] {
        var rendering = try await Rendering(
            samples, frameCount: count, width: 320, height: 180, rate: Rational(30),
            background: background)
        rendering.plan.layers = [RenderPlan.Layer(placements: placements)]
        let path = rendering.chunkPath(FrameRange(0, count))
        _ = try await rendering.engine.renderChunk(
            FrameRange(0, count), of: rendering.plan, sourceURLs: rendering.urls, to: path)
        let raw = "\(path).yuv"
        try await runFFmpeg(["-i", path, "-pix_fmt", "yuv444p", "-f", "rawvideo", raw])
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: raw)))
        let size = 320 * 180 * 3
        return (0..<count).map {
            Frame(width: 320, bytes: Array(bytes[($0 * size)..<(($0 + 1) * size)]))
        }
    }

    private let full = RenderPlan.Box(width: 320, height: 180)

    private func color(
        _ color: String, _ frames: FrameRange = FrameRange(0, 1), box: RenderPlan.Box? = nil
    ) -> RenderPlan.Placement {
        RenderPlan.Placement(picture: .color(color), frames: frames, box: box ?? full)
    }

    @Test func `a colour has its BT.709 values`() async throws {
        let frame = try await frames([color("ff0000")])[0]

        // 0.2126 * 219 + 16 = 62.6; Cr is 240, Cb 128 - 0.1146 * 224.
        #expect(frame.at(160, 90) == [63, 102, 240])
    }

    @Test func `brightness, contrast, saturation and negative match the eq filter`() async throws {
        func changed(_ effects: RenderPlan.Effects) async throws -> [Int] {
            var clip = color("808080")
            clip.effects = effects
            return try await frames([clip])[0].at(160, 90)
        }
        let grey = try await changed(RenderPlan.Effects())
        #expect(grey == [126, 128, 128])
        #expect(try await changed(.init(brightness: Rational(1, 5))) == [177, 128, 128])
        #expect(try await changed(.init(contrast: Rational(2))) == [125, 128, 128])
        #expect(try await changed(.init(isNegative: true)) == [125, 128, 128])

        var red = color("ff0000")
        red.effects.saturation = .zero
        #expect(try await frames([red])[0].at(160, 90) == [63, 128, 128])
    }

    @Test func `a rotation turns around the centre of the box`() async throws {
        var bar = color("ffffff", box: .init(x: 100, y: 80, width: 120, height: 20))
        bar.rotation = Rational(90)
        let upright = try await frames([bar])[0]
        #expect(upright.luma(160, 35) == 235)
        #expect(upright.luma(160, 145) == 235)
        #expect(upright.luma(105, 90) == 16)

        bar.rotation = Rational(45)
        let oblique = try await frames([bar])[0]
        // Clockwise: the right end goes down.
        #expect(oblique.luma(160 + 35, 90 + 35) == 235)
        #expect(oblique.luma(160 - 35, 90 + 35) == 16)
    }

    @Test func `a crop shows the named part of the source`() async throws {
        // The columns of the still differ, so each part of it is unique.
        let whole = RenderPlan.Placement(
            source: 0, frames: FrameRange(0, 1), fit: .cover, box: full)
        var right = whole
        right.crop = RenderPlan.Insets(left: Rational(1, 2))

        let one = try await frames([whole], [.photo])[0]
        let half = try await frames([right], [.photo])[0]

        for (x, y) in [(40, 20), (160, 20), (280, 20)] {
            let (expected, found) = (one.luma(160 + x / 2, y), half.luma(x, y))
            #expect(abs(expected - found) <= 30, "\(x): \(expected), \(found)")
        }
    }

    @Test func `the focus decides which part the fit crop shows`() async throws {
        func top(_ y: Rational) async throws -> Frame {
            var clip = RenderPlan.Placement(source: 0, frames: FrameRange(0, 1), box: full)
            clip.focus = RenderPlan.Point(x: Rational(1, 2), y: y)
            return try await frames([clip], [.photo])[0]
        }
        var fitted = RenderPlan.Placement(
            source: 0, frames: FrameRange(0, 1), box: .init(width: 320, height: 480))
        fitted.fit = .cover

        let highest = try await top(.zero)
        let lowest = try await top(Rational(1))
        var shifted = fitted
        shifted.box.y = -300
        let upper = try await frames([fitted], [.photo])[0]
        let lower = try await frames([shifted], [.photo])[0]

        // A failure would print the whole arrays.
        #expect(highest.isEqual(to: upper))
        #expect(lowest.isEqual(to: lower))
    }

    @Test func `a blurred copy fills the box on both sides of a tall source`() async throws {
        var clip = RenderPlan.Placement(
            source: 0, frames: FrameRange(0, 1), fit: .contain, box: full)
        let plain = try await frames([clip], [.photo])[0]
        clip.fit = .blur
        let blurred = try await frames([clip], [.photo])[0]

        #expect(plain.luma(10, 90) == 16)
        #expect(blurred.luma(10, 90) > 30)
        #expect(blurred.at(160, 90) == plain.at(160, 90))
        // Neighbours at the border differ little: it is blurred.
        #expect((1..<90).allSatisfy { abs(blurred.luma($0, 90) - blurred.luma($0 - 1, 90)) < 12 })
    }

    @Test func `speed two shows every second frame, speed a half each frame twice`() async throws {
        func clip(_ start: Rational, _ count: Int, _ speed: Rational) -> RenderPlan.Placement {
            RenderPlan.Placement(
                picture: .source(0), frames: FrameRange(0, count), sourceStart: start,
                speed: speed, box: full)
        }
        // 30000/1001 on a grid of 30: equal frame numbers for the first half minute.
        // The in-point is a frame's time: a lowered rate never shows a later frame.
        let start = Rational(1_001, 1_000)
        let plain = try await frames([clip(start, 24, Rational(1))], [.ntsc], count: 24)
        let fast = try await frames([clip(start, 12, Rational(2))], [.ntsc], count: 12)
        let slow = try await frames([clip(start, 48, Rational(1, 2))], [.ntsc], count: 48)

        #expect((0..<12).allSatisfy { fast[$0].bytes == plain[2 * $0].bytes })
        #expect((0..<24).allSatisfy { slow[2 * $0].bytes == plain[$0].bytes })
    }

    @Test func `a wipe shows half of each clip at its middle`() async throws {
        var second = color("ffffff", FrameRange(5, 20))
        second.transitionIn = RenderPlan.Transition(kind: .wipeleft, frames: 9, isMix: true)
        let frames = try await frames(
            [color("000000", FrameRange(0, 14)), second], count: 20)

        #expect(frames[4].luma(310, 90) == 16)
        #expect(frames[5].luma(310, 90) == 235)
        #expect(frames[5].luma(10, 90) == 16)
        #expect(frames[9].luma(150, 90) == 16)
        #expect(frames[9].luma(170, 90) == 235)
        #expect(frames[13].luma(10, 90) == 16)
        #expect(frames[14].luma(10, 90) == 235)
    }

    @Test func `a slide uncovers and covers the layer below`() async throws {
        var clip = color("ffffff", FrameRange(0, 20))
        clip.transitionIn = RenderPlan.Transition(kind: .slideleft, frames: 9)
        clip.transitionOut = RenderPlan.Transition(kind: .slideup, frames: 9)
        let frames = try await frames([clip], count: 20, background: "808080")

        #expect([10, 150, 170, 310].map { frames[4].luma($0, 90) } == [126, 126, 235, 235])
        #expect([20, 80, 100, 160].map { frames[15].luma(160, $0) } == [235, 235, 126, 126])
        #expect(frames[10].luma(160, 90) == 235)
    }
}
