import FFmpeg
import FoundationEssentials
import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct FailureTests {
    private let engine = MediaEngine.underTest
    private let folder = NSTemporaryPath.make("spool-failures")

    private func code(
        _ body: () async throws(FFmpegError) -> Void
    ) async -> FFmpegError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return error.code
        }
    }

    private func write(_ text: String, _ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        try Data(text.utf8).write(to: URL(filePath: path))
        return path
    }

    @Test func `a file without media is refused under any name`() async throws {
        let clip = try await SampleMedia.shared.path(.pal)
        let files = [
            try write("hello, this is not media", "text.mp4"),
            try write("", "empty.mp4"),
            try write("#EXTM3U\n#EXTINF:5,\n\(clip)\n#EXT-X-ENDLIST\n", "playlist.mp4"),
            try write("ffconcat version 1.0\nfile \(clip)\n", "concat.mp4"),
            try write("no picture", "photo.jpg"),
            try write("1\n00:00:01,000 --> 00:00:02,000\nHello\n", "subtitle.mp4"),
        ]

        for file in files {
            let code = await code { () async throws(FFmpegError) in
                _ = try await engine.probe(url: file)
            }
            #expect(code == .notMedia, "\(file)")
        }
    }

    @Test func `a missing file is unreadable, not refused`() async throws {
        let code = await code { () async throws(FFmpegError) in
            _ = try await engine.probe(url: "\(folder)/nothing.mp4")
        }

        #expect(code == .sourceUnreadable(source: nil))
    }

    @Test func `a source shorter than its plan is named in the failure`() async throws {
        var rendering = try await Rendering([.ntsc, .pal, .transport], frameCount: 60)
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(source: 0, frames: FrameRange(0, 60), box: rendering.full)
            ]),
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 1, frames: FrameRange(10, 50), sourceStart: Rational(51, 10),
                    box: RenderPlan.Box(width: 100, height: 100))
            ]),
        ]
        let ready = rendering

        let code = await code { () async throws(FFmpegError) in
            _ = try await ready.engine.renderChunk(
                FrameRange(0, 60), of: ready.plan, sourceURLs: ready.urls,
                to: "\(ready.folder)/short.mp4")
        }

        #expect(code == nil, "0.43 s are missing, for which the last frame is repeated")
        var shorter = ready
        shorter.plan.layers[1].placements[0].sourceStart = Rational(57, 10)
        let short = shorter
        let second = await self.code { () async throws(FFmpegError) in
            _ = try await short.engine.renderChunk(
                FrameRange(0, 60), of: short.plan, sourceURLs: short.urls,
                to: "\(short.folder)/short.mp4")
        }
        #expect(second == .sourceTooShort(source: 1))
    }

    @Test func `a truncated source is named in the failure`() async throws {
        var rendering = try await Rendering([.ntsc, .odd], frameCount: 150)
        let whole = try Data(contentsOf: URL(filePath: rendering.urls[1] ?? ""))
        let half = "\(folder)/half.webm"
        try whole.prefix(whole.count / 2).write(to: URL(filePath: half))
        rendering.urls[1] = half
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(source: 1, frames: FrameRange(0, 150), box: rendering.full)
            ])
        ]
        let ready = rendering

        let code = await code { () async throws(FFmpegError) in
            _ = try await ready.engine.renderChunk(
                FrameRange(100, 150), of: ready.plan, sourceURLs: ready.urls,
                to: "\(ready.folder)/cut.mp4")
        }

        #expect(code == .sourceTooShort(source: 1))
    }

    @Test func `a deleted source is named in the failure`() async throws {
        var rendering = try await Rendering([.ntsc, .pal], frameCount: 60)
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(source: 0, frames: FrameRange(0, 30), box: rendering.full),
                RenderPlan.Placement(source: 1, frames: FrameRange(30, 60), box: rendering.full),
            ])
        ]
        rendering.urls[1] = "\(folder)/vanished.mp4"
        let ready = rendering

        let code = await code { () async throws(FFmpegError) in
            _ = try await ready.engine.renderChunk(
                FrameRange(0, 60), of: ready.plan, sourceURLs: ready.urls,
                to: "\(ready.folder)/gone.mp4")
        }

        #expect(code == .sourceUnreadable(source: 1))
    }

    @Test func `a cancelled task ends FFmpeg with the code cancelled`() async throws {
        var rendering = try await Rendering([.photo], frameCount: 900_000)
        rendering.plan.output.video.preset = "veryslow"
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(
                    source: 0, frames: FrameRange(0, 900_000), box: rendering.full)
            ])
        ]
        let ready = rendering
        let (started, signal) = AsyncStream.makeStream(of: Void.self)

        let code = await withTaskGroup(of: FFmpegError.Code?.self) { group in
            group.addTask {
                await self.code { () async throws(FFmpegError) in
                    _ = try await ready.engine.renderChunk(
                        FrameRange(0, 900_000), of: ready.plan, sourceURLs: ready.urls,
                        to: "\(ready.folder)/endless.mp4",
                        progress: { _ in signal.yield() })
                }
            }
            for await _ in started { break }
            group.cancelAll()
            return await group.next() ?? nil
        }

        #expect(code == .cancelled)
    }

    @Test func `an error contains no presigned query`() {
        let url = "https://store.example/a%20b.mp4?X-Amz-Signature=abcdef&X-Amz-Date=1"
        let error = FFmpegError(
            .failed, "Cannot open \(url)'s index.", arguments: ["-i", url],
            standardErrorTail: "[in#0] \(url): Server returned 403\nmore")

        #expect(
            error.description == "Cannot open https://store.example/a%20b.mp4?REDACTED's index.")
        #expect(error.arguments == ["-i", "https://store.example/a%20b.mp4?REDACTED"])
        #expect(
            error.standardErrorTail
                == "[in#0] https://store.example/a%20b.mp4?REDACTED Server returned 403\nmore")
    }
}
