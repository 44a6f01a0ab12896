@testable import FFmpeg
import FoundationEssentials
import Glibc
import MediaTime
import RenderPlans
import Testing
import TestSupport

/// Runs of FFmpeg that exit with 0 although their file is not complete, and runs that are
/// killed: neither is stored, and neither condemns.
@Suite struct SilentFailureTests {
    /// An engine whose `ffmpeg` is a script; `"$@"` are the arguments.
    private func engine(_ script: String, _ folder: String) throws -> MediaEngine {
        let program = "\(folder)/ffmpeg-\(UUID().uuidString)"
        #expect(LocalFile.write(Array("#!/bin/sh\n\(script)\n".utf8), to: program))
        #expect(chmod(program, 0o755) == 0)
        var configuration = MediaEngine.configurationUnderTest
        configuration.ffmpegPath = program
        // A shell script starts processes.
        configuration.isConfined = false
        return MediaEngine(configuration: configuration)
    }

    private static let ffmpeg = MediaEngine.configurationUnderTest.ffmpegPath

    /// Runs FFmpeg and then cuts each of its files to its first bytes.
    private static func cutting(_ pattern: String, percent: Int) -> String {
        """
        \(ffmpeg) "$@" || exit 1
        for a in "$@"; do
            case "$a" in file:\(pattern)) f=${a#file:}
                [ -f "$f" ] && truncate -s $(($(stat -c %s "$f") * \(percent) / 100)) "$f" ;;
            esac
        done
        exit 0
        """
    }

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

    private func film(_ codec: RenderPlan.VideoEncoding.Codec = .lossless) async throws -> Rendering
    {
        var rendering = try await Rendering([.ntsc], frameCount: 90)
        rendering.plan.output.video = RenderPlan.VideoEncoding(
            codec: codec, crf: 30, preset: "ultrafast")
        rendering.plan.output.audio.codec = .aac
        rendering.plan.output.format = .mp4
        rendering.plan.layers = [
            RenderPlan.Layer(placements: [
                RenderPlan.Placement(source: 0, frames: FrameRange(0, 90), box: rendering.full)
            ])
        ]
        rendering.plan.audio = [
            RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: 144_144)
        ]
        rendering.plan.chunks = Rendering.ranges([0, 45, 90])
        return rendering
    }

    @Test(
        arguments: [RenderPlan.VideoEncoding.Codec.lossless, .h264, .prores, .vp9],
        [1, 50, 97])
    func `a chunk that was cut is not taken for rendered`(
        codec: RenderPlan.VideoEncoding.Codec, percent: Int
    ) async throws {
        let film = try await film(codec)
        let engine = try engine(Self.cutting("*spool-render*", percent: percent), film.folder)

        let code = await code { () async throws(FFmpegError) in
            _ = try await engine.renderChunk(
                FrameRange(0, 45), of: film.plan, sourceURLs: film.urls,
                to: film.chunkPath(FrameRange(0, 45)))
        }

        #expect(code == .damagedOutput)
    }

    @Test(
        arguments: [RenderPlan.AudioEncoding.Codec.aac, .pcm16, .opus, .mp3], [10, 60])
    func `audio that was cut is not taken for rendered`(
        codec: RenderPlan.AudioEncoding.Codec, percent: Int
    ) async throws {
        var film = try await film()
        film.plan.output.audio.codec = codec
        let (plan, urls, folder) = (film.plan, film.urls, film.folder)
        let engine = try engine(Self.cutting("*spool-render*", percent: percent), folder)

        let code = await code { () async throws(FFmpegError) in
            _ = try await engine.renderAudio(
                of: plan, sourceURLs: urls,
                to: "\(folder)/cut.\(audioFileExtension(for: plan.output))")
        }

        #expect(code == .damagedOutput)
    }

    @Test func `an audio piece that was cut is not taken for rendered`() async throws {
        let film = try await film()
        let engine = try engine(Self.cutting("*spool-render*", percent: 60), film.folder)

        let code = await code { () async throws(FFmpegError) in
            _ = try await engine.renderAudio(
                AudioFrameRange(20, 120), of: film.plan, sourceURLs: film.urls,
                to: "\(film.folder)/piece.m4a")
        }

        #expect(code == .damagedOutput)
    }

    @Test func `a poster that was cut is not taken for made`() async throws {
        let film = try await film()
        let engine = try engine(Self.cutting("*spool-render*.jpg", percent: 50), film.folder)
        let (url, media) = (film.urls[0] ?? "", film.plan.sources[0].media)

        let code = await code { () async throws(FFmpegError) in
            _ = try await engine.poster(url: url, media: media, to: "\(film.folder)/poster.jpg")
        }

        #expect(code == .damagedOutput)
    }

    @Test func `an output that was cut does not pass its check`() async throws {
        let film = try await film()
        let path = try await film.export()
        try FileSystem.truncate(path, to: FileSystem.size(of: path) - 100)

        let code = await code { () async throws(FFmpegError) in
            _ = try await film.engine.verify(path, against: film.plan)
        }

        #expect(code == .damagedOutput)
    }

    /// Exit 0 and "Error closing file", as FFmpeg 5.1 does when its last write fails.
    @Test(arguments: [100, 200, 300, 450])
    func `a chunk on a full disk is not taken for rendered`(kilobytes: Int) async throws {
        guard geteuid() == 0 else { return }
        let film = try await film()
        let disk = "\(film.folder)/disk"
        #expect(mkdir(disk, 0o755) == 0)
        guard mount("tmpfs", disk, "tmpfs", 0, "size=\(kilobytes)k") == 0 else { return }
        defer { umount(disk) }
        var plan = film.plan
        plan.output.width = 640
        plan.output.height = 360
        let large = plan

        let code = await code { () async throws(FFmpegError) in
            _ = try await film.engine.renderChunk(
                FrameRange(0, 90), of: large, sourceURLs: film.urls, to: "\(disk)/chunk.mp4")
        }

        #expect(code == .diskFull)
    }

    @Test(arguments: [
        ("kill -9 $$", FFmpegError.Code.outOfMemory), ("kill -15 $$", .failed),
        ("echo 'Cannot allocate memory' >&2; exit 1", .outOfMemory),
        ("echo 'out: No space left on device' >&2; exit 1", .diskFull),
    ])
    func `a process that ends early does not condemn the film it checks`(
        end: String, expected: FFmpegError.Code
    ) async throws {
        let film = try await film()
        let path = try await film.export()
        let engine = try engine(end, film.folder)

        let code = await code { () async throws(FFmpegError) in
            _ = try await engine.verify(path, against: film.plan)
        }

        #expect(code == expected)
    }

    @Test func `a check that fails once is made once more`() async throws {
        let film = try await film()
        let path = try await film.export()
        let mark = "\(film.folder)/failed-once"
        let engine = try engine(
            """
            if [ ! -e '\(mark)' ]; then
                touch '\(mark)'
                echo 'Error while decoding stream #0:0: Invalid data found' >&2
                exit 1
            fi
            exec \(Self.ffmpeg) "$@"
            """, film.folder)

        let check = try await engine.verify(path, against: film.plan)

        #expect(check.frames == 90)
        #expect(LocalFile.read(mark) != nil)
    }

    @Test func `an input that was interrupted is not taken for its end`() async throws {
        let film = try await film()
        let engine = try engine(
            "echo '[http @ 0x1] Stream ends prematurely at 100, should be 9000' >&2\n"
                + "exec \(Self.ffmpeg) \"$@\"", film.folder)

        let code = await code { () async throws(FFmpegError) in
            _ = try await engine.renderAudio(
                of: film.plan, sourceURLs: film.urls, to: "\(film.folder)/gap.m4a")
        }

        #expect(code == .sourceUnreadable(source: 0))
    }

    @Test func `a stored unit that is short or unreadable is not intact`() async throws {
        let film = try await film()
        let frames = FrameRange(0, 45)
        let path = film.chunkPath(frames)
        _ = try await film.engine.renderChunk(
            frames, of: film.plan, sourceURLs: film.urls, to: path)
        func isIntact(_ frames: FrameRange, decoding: Bool = false) async throws -> Bool {
            try await film.engine.isIntact(
                .video(frames), of: film.plan, url: path, decoding: decoding)
        }

        #expect(try await isIntact(frames))
        #expect(try await isIntact(frames, decoding: true))
        #expect(try await !isIntact(FrameRange(0, 46)))
        var bytes = try #require(LocalFile.read(path))
        for index in stride(from: bytes.count / 2, to: bytes.count - 2_000, by: 7) {
            bytes[index] ^= 0x5A
        }
        #expect(LocalFile.write(bytes, to: path))
        #expect(try await !isIntact(frames, decoding: true))
        try FileSystem.truncate(path, to: 800)
        #expect(try await !isIntact(frames))
        FileSystem.remove(path)
        await #expect(throws: FFmpegError.self) { try await isIntact(frames) }
    }
}
