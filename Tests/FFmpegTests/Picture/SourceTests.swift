import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Sources of all common kinds, checked by frames whose luma is their number.
@Suite struct SourceTests {
    /// A file whose frame N has luma 20 + 3 (N mod 70) in every pixel.
    struct Counted: Sendable, CustomTestStringConvertible {
        var name: String
        /// Input options of FFmpeg's generated video, and its encoder.
        var rate = "30"
        var count = 140
        var filter = "null"
        var encoding: [String]
        /// Time of frame N in seconds after the start of the file.
        var time: @Sendable (Int) -> Rational
        var testDescription: String { name }
    }

    private static let h264 = [
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "8", "-bf", "3", "-g", "24",
    ]

    /// Explicit colour options, so that FFmpeg does not derive the matrix from the size.
    private static let highDefinition = [
        "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709",
        "-color_range", "tv",
    ]

    /// ProRes copies the properties of the frames.
    private static let tagged =
        "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"

    static let counted = [
        Counted(name: "film.mp4", rate: "24000/1001", encoding: h264) {
            Rational($0 * 1_001, 24_000)
        },
        Counted(name: "ntsc.mp4", rate: "30000/1001", encoding: h264) {
            Rational($0 * 1_001, 30_000)
        },
        Counted(name: "sport.mov", rate: "60000/1001", encoding: h264) {
            Rational($0 * 1_001, 60_000)
        },
        Counted(
            name: "screen.mp4", filter: "settb=1/90000,setpts='round((N+0.4*mod(N,3))*3000)'",
            encoding: ["-fps_mode", "vfr", "-enc_time_base", "1/90000"]
                + ["-video_track_timescale", "90000"] + h264
        ) { Rational(10 * $0 + 4 * ($0 % 3), 300) },
        Counted(
            name: "late.ts", encoding: h264 + ["-output_ts_offset", "7.5"]
        ) { Rational($0, 30) },
        Counted(
            name: "late.mkv", encoding: h264 + ["-output_ts_offset", "3"]
        ) { Rational($0, 30) },
        Counted(
            name: "open.mp4", encoding: h264 + ["-x264-params", "open-gop=1:keyint=12"]
        ) { Rational($0, 30) },
        Counted(
            name: "ten.mp4",
            encoding: ["-c:v", "libx265", "-preset", "ultrafast", "-crf", "8"]
                + ["-x265-params", "log-level=error", "-pix_fmt", "yuv420p10le"]
        ) { Rational($0, 30) },
        Counted(
            name: "studio.mov",
            encoding: ["-c:v", "prores_ks", "-profile:v", "3", "-pix_fmt", "yuv422p10le"]
        ) { Rational($0, 30) },
        Counted(
            name: "camera.mp4",
            encoding: ["-c:v", "libx264", "-preset", "veryfast", "-crf", "8"]
                + ["-pix_fmt", "yuv422p10le"]
        ) { Rational($0, 30) },
    ]

    private func make(_ source: Counted, folder: String) async throws -> String {
        let path = "\(folder)/\(source.name)"
        let pixels = source.encoding.contains("-pix_fmt") ? [] : ["-pix_fmt", "yuv420p"]
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "nullsrc=s=64x64:r=\(source.rate)"]
                + ["-frames:v", "\(source.count)", "-vf"]
                + [
                    "geq=lum='20+3*mod(N,70)':cb=128:cr=128,format=yuv420p,\(Self.tagged),\(source.filter)"
                ]
                + source.encoding + pixels + Self.highDefinition + [path])
        return path
    }

    /// Numbers of the shown frames, modulo 70.
    private func numbers(_ rendering: Rendering, cuts: [Int]) async throws -> [Int] {
        try await lumas(rendering, cuts: cuts).map { ($0 - 19) / 3 }
    }

    /// Luma of the upper left pixel of every frame of one rendered clip.
    private func lumas(_ rendering: Rendering, cuts: [Int]) async throws -> [Int] {
        var lumas: [Int] = []
        for range in Rendering.ranges(cuts) {
            let path = rendering.chunkPath(range)
            _ = try await rendering.engine.renderChunk(
                range, of: rendering.plan, sourceURLs: rendering.urls, to: path)
            let raw = "\(path).yuv"
            try await runFFmpeg(["-i", path, "-fps_mode", "passthrough", "-f", "rawvideo", raw])
            let bytes = try Data(contentsOf: URL(filePath: raw))
            let size = rendering.plan.output.width * rendering.plan.output.height * 3 / 2
            lumas += stride(from: 0, to: bytes.count, by: size).map { Int(bytes[$0]) }
        }
        return lumas
    }

    private func clip(
        _ path: String, frames: Int, from start: Rational = .zero, rate: Rational = Rational(30)
    ) async throws -> Rendering {
        var rendering = try await Rendering(
            files: [path], frameCount: frames, width: 16, height: 16, rate: rate)
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, frames), sourceStart: start,
                    box: rendering.full)
            ])
        ]
        return rendering
    }

    /// The last frame whose time, rounded to the output's grid, is not later; at a lowered rate,
    /// whose time is not later.
    private func expected(_ source: Counted, from start: Rational, rate: Rational) -> [Int] {
        let isLowered =
            source.name != "screen.mp4"
            && Rational(1) / source.time(1) > rate * Rational(101, 100)
        let places = (0..<source.count).map { number -> Int in
            let place = (source.time(number) - start) * rate
            return isLowered ? -(Rational(1, 1_000) * rate - place).floor : place.rounded
        }
        return (0..<40).map { frame in (places.lastIndex { $0 <= frame } ?? 0) % 70 }
    }

    @Test(arguments: counted)
    func `every output frame is the source frame of its time`(source: Counted) async throws {
        let path = try await make(source, folder: NSTemporaryPath.make("spool-sources"))
        for (start, rate) in [
            (Rational.zero, Rational(30)), (Rational(7, 10), Rational(30_000, 1_001)),
        ] {
            let rendering = try await clip(path, frames: 40, from: start, rate: rate)

            let shown = try await numbers(rendering, cuts: [0, 13, 40])

            #expect(shown == expected(source, from: start, rate: rate), "from \(start)")
        }
    }

    @Test func `frames hidden by an edit list are not shown`() async throws {
        let folder = NSTemporaryPath.make("spool-sources")
        let source = Counted(name: "whole.mp4", encoding: Self.h264) { Rational($0, 30) }
        let whole = try await make(source, folder: folder)
        try await runFFmpeg(["-ss", "1.1", "-i", whole, "-c", "copy", "\(folder)/cut.mp4"])

        let rendering = try await clip("\(folder)/cut.mp4", frames: 20)

        let shown = try await numbers(rendering, cuts: [0, 9, 20])
        #expect(shown == Array(33..<53))
    }

    @Test(arguments: [("smpte2084", [16, 107, 181, 235]), ("arib-std-b67", [16, 103, 139, 235])])
    func `HDR is tone-mapped to SDR brightness`(
        transfer: String, wanted: [Int]
    ) async throws {
        let path = "\(NSTemporaryPath.make("spool-sources"))/hdr.mp4"
        // Signals of 0, 0.4, 0.58 and 1 in 10 bits, limited range: 0.58 is
        // about 203 nits in PQ, the reference white of HDR.
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "nullsrc=s=64x64:r=1", "-frames:v", "4", "-vf"]
                + [
                    "format=yuv420p10le,geq=lum='64+876*(0.4*eq(N,1)+0.58*eq(N,2)+eq(N,3))'"
                        + ":cb=512:cr=512"
                ]
                + ["-c:v", "libx265", "-x265-params", "log-level=error:lossless=1"]
                + ["-color_primaries", "bt2020", "-color_trc", transfer]
                + ["-colorspace", "bt2020nc", "-color_range", "tv", path])
        let rendering = try await clip(path, frames: 4, rate: Rational(1))
        #expect(rendering.plan.sources[0].media.video?.isHighDynamicRange == true)
        #expect(rendering.plan.highDynamicRangeSources.count == 1)

        let whole = try await lumas(rendering, cuts: [0, 4])
        let pieces = try await lumas(rendering, cuts: [0, 1, 3, 4])

        let off = zip(whole, wanted).map { abs(min($0, 235) - $1) }.max() ?? 255
        #expect(off <= 4, "\(whole)")
        #expect(pieces == whole)
    }

    @Test(arguments: [
        (44_100, "mono"), (44_100, "stereo"), (48_000, "5.1"), (96_000, "stereo"), (22_050, "mono"),
    ])
    func `audio of any rate and layout keeps pitch and length`(
        sampleRate: Int, layout: String
    ) async throws {
        let path = "\(NSTemporaryPath.make("spool-sources"))/tone.wav"
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "sine=f=1000:r=\(sampleRate):d=2", "-af"]
                + ["aformat=channel_layouts=\(layout)", "-c:a", "pcm_f32le", path])
        var rendering = try await Rendering(
            files: [path], frameCount: 60, width: 16, height: 16, rate: Rational(30))
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 96_000)
        ]

        let audio = try await rendering.renderedAudio()

        let left = stride(from: 0, to: audio.count, by: 2).map { audio[$0] }
        let crossings = zip(left, left.dropFirst()).count { $0 < 0 && $1 >= 0 }
        #expect(audio.count == 96_000 * 2)
        #expect((1_998...2_000).contains(crossings))
        #expect((left.max() ?? 0) > 0.05)
    }

    @Test(arguments: [("0.5", 24_000), ("3", 96_000)])
    func `audio shorter or longer than its film fits the clip`(
        seconds: String, heard: Int
    ) async throws {
        let path = "\(NSTemporaryPath.make("spool-sources"))/film.mov"
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "nullsrc=s=64x64:r=30:d=2,format=yuv420p", "-f", "lavfi", "-i"]
                + ["aevalsrc=0.5:s=48000:d=\(seconds)"] + Self.h264 + ["-c:a", "pcm_s16le", path])
        var rendering = try await clip(path, frames: 60)
        let media = rendering.plan.sources[0].media
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 96_000)
        ]

        let audio = try await rendering.renderedAudio()

        // A clip of automatic length ends with its video.
        #expect(media.durationMicroseconds == 2_000_000)
        #expect(audio.count == 96_000 * 2)
        #expect(audio[..<(heard * 2)].allSatisfy { abs($0 - 0.5) < 0.001 })
        #expect(audio[(heard * 2)...].allSatisfy { $0 == 0 })
    }

    @Test func `a film without audio renders as silence`() async throws {
        let path = try await make(Self.counted[1], folder: NSTemporaryPath.make("spool-sources"))
        var rendering = try await clip(path, frames: 30)
        #expect(rendering.plan.sources[0].media.audio == nil)
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 48_000)
        ]

        #expect(try await rendering.renderedAudio().allSatisfy { $0 == 0 })
    }

    @Test func `a rotated film is upright and an anamorphic one keeps its aspect`() async throws {
        let folder = NSTemporaryPath.make("spool-sources")
        // The left half is white.
        try await runFFmpeg(
            [
                "-f", "lavfi", "-i",
                "nullsrc=s=64x32:r=30:d=1,geq=lum='if(lt(X,32),235,16)':cb=128:cr=128",
            ]
                + ["-pix_fmt", "yuv420p"] + Self.h264 + ["\(folder)/flat.mp4"])
        try await runFFmpeg(
            ["-i", "\(folder)/flat.mp4", "-c", "copy", "-metadata:s:v", "rotate=90"]
                + ["\(folder)/turned.mp4"])
        try await runFFmpeg(
            ["-i", "\(folder)/flat.mp4", "-c", "copy", "-aspect", "4:1", "\(folder)/wide.mp4"])

        let turned = try await clip("\(folder)/turned.mp4", frames: 1)
        let wide = try await clip("\(folder)/wide.mp4", frames: 1)
        let upright = turned.plan.sources[0].media.video?.displaySize
        let stretched = wide.plan.sources[0].media.video?.displaySize

        #expect(upright?.width == 32 && upright?.height == 64)
        #expect(stretched?.width == 128 && stretched?.height == 32)
        // `rotate=90` of FFmpeg turns to the left: the white half is at the bottom.
        let top = try await lumas(turned, cuts: [0, 1])
        #expect(top.allSatisfy { $0 < 20 }, "\(top)")
    }

    @Test func `a still of odd size with alpha shows the background through it`() async throws {
        let path = "\(NSTemporaryPath.make("spool-sources"))/half.png"
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "color=white@0.5:s=33x21,format=rgba", "-frames:v", "1", path])
        let rendering = try await clip(path, frames: 2)

        let lumas = try await lumas(rendering, cuts: [0, 1, 2])

        // White over black at half opacity.
        #expect(lumas.allSatisfy { abs($0 - (16 + 219 / 2)) <= 3 })
    }
}
