@testable import FFmpeg
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Filter graphs and concat scripts, compared with the files of `Tests/Golden/graphs`.
@Suite struct GraphTests {
    private let plan = RenderPlan.filmWithLogo

    /// The graph with one filter chain on each line.
    private func lines(_ graph: String) -> String {
        graph.split(separator: ";").joined(separator: ";\n")
    }

    @Test func `a chunk's graph counts in frames of the source's grid`() throws {
        let graph = try FilterGraph(
            FrameRange(130, 230), of: plan, sourceURLs: [0: "/f.mp4", 1: "https://s/l.png?x=1"])

        expectGolden(lines(graph.text), "graphs/chunk.txt")
        #expect(graph.inputs.counters.map(\.planned) == [70, 100])
    }

    @Test func `the audio graph counts in samples`() throws {
        let graph = try AudioGraph(plan, sourceURLs: [0: "/f.mp4"])

        expectGolden(lines(graph.text), "graphs/audio.txt")
        #expect(
            graph.inputs.map { $0.options.joined(separator: " ") } == [
                "-vn -sn -dn -noaccurate_seek -seek_timestamp 1 -ss 25.080000", "-vn -sn -dn",
            ])
    }

    @Test func `a wipe mixes the end of one clip with the start of the next`() throws {
        let first = plan.layers[0].placements[0]
        var next = RenderPlan.Placement(source: 0, frames: FrameRange(180, 300), box: first.box)
        next.transitionIn = RenderPlan.Transition(kind: .wipeleft, frames: 20, isMix: true)
        var mixed = plan
        mixed.layers = [RenderPlan.Layer(placements: [first, next])]

        let graph = try FilterGraph(FrameRange(170, 210), of: mixed, sourceURLs: [0: "/f.mp4"])

        expectGolden(lines(graph.text), "graphs/wipe.txt")
    }

    @Test func `crop, speed, effects, rotation and blur have a fixed order`() throws {
        var placement = plan.layers[0].placements[0]
        placement.crop = RenderPlan.Insets(
            top: Rational(1, 10), right: .zero, bottom: .zero, left: Rational(1, 4))
        placement.speed = Rational(3, 2)
        placement.fit = .blur
        placement.rotation = Rational(-15, 2)
        placement.effects = RenderPlan.Effects(
            brightness: Rational(1, 10), contrast: Rational(6, 5), saturation: Rational(1, 2),
            blur: Rational(1, 50), isNegative: true)
        var shaped = plan
        shaped.layers = [RenderPlan.Layer(placements: [placement])]

        let graph = try FilterGraph(FrameRange(0, 100), of: shaped, sourceURLs: [0: "/f.mp4"])

        expectGolden(lines(graph.text), "graphs/effects.txt")
    }

    @Test func `music under speech is compressed by the speech`() throws {
        var ducked = plan
        ducked.audio[1].ducks = true
        ducked.audio[1].gainPoints = [
            .init(sample: 0, gain: .zero), .init(sample: 9_000, gain: Rational(1)),
        ]

        let graph = try AudioGraph(ducked, sourceURLs: [0: "/f.mp4"])

        expectGolden(lines(graph.text), "graphs/audio-ducking.txt")
    }

    @Test func `durations of the chunk list add up to rounded times`() {
        let chunks = [FrameRange(0, 1), FrameRange(1, 2), FrameRange(2, 300)]
        let urls = ["/a'b.mp4", "http://s/b?x=%2F", "c"]

        let list = MediaEngine.concatList(chunks, urls, rate: plan.output.frameRate)

        expectGolden(list, "graphs/chunks.ffconcat")
    }

    @Test func `a gain of many points is a binary search`() {
        let points = (0..<5).map { RenderPlan.GainPoint(sample: $0 * 10, gain: Rational($0)) }

        expectGolden(AudioGraph.gain(points[...]), "graphs/gain-points.txt")
    }

    @Test func `the folder graphs holds the files that this suite reads`() throws {
        let names = [
            "chunk.txt", "wipe.txt", "effects.txt", "audio.txt", "audio-ducking.txt",
            "gain-points.txt", "chunks.ffconcat",
        ]

        #expect(try Golden.files(in: "graphs") == Set(names.map { "graphs/\($0)" }))
    }
}
