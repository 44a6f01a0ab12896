@testable import FFmpeg
import Glibc
import MediaTime
import RenderPlans
import Testing
import TestSupport

@Suite struct ProbeTests {
    private let engine = MediaEngine.underTest

    private func probe(_ sample: SampleMedia.Sample) async throws -> MediaInfo {
        try await engine.probe(url: try await SampleMedia.shared.path(sample))
    }

    @Test func `a film's probe has its video and audio streams`() async throws {
        let media = try await probe(.ntsc)

        #expect(media.kind == .video)
        #expect(media.format == "mov,mp4,m4a,3gp,3g2,mj2")
        #expect(media.durationMicroseconds == 6_006_000)
        #expect(media.startMicroseconds == 0)
        #expect(media.video?.codec == "h264")
        #expect(media.video?.frameRate == Rational(30_000, 1_001))
        #expect(media.video?.isConstantFrameRate == true)
        #expect(
            media.audio
                == MediaInfo.Audio(codec: "aac", sampleRate: 48_000, channels: 2, streamIndex: 1))
    }

    @Test func `a rotated phone film has its display size`() async throws {
        let media = try await probe(.phone)

        let size = media.video?.displaySize
        #expect(media.video?.rotationDegrees == 90 || media.video?.rotationDegrees == 270)
        #expect(size?.width == 320)
        #expect(size?.height == 180)
        #expect(media.video?.isConstantFrameRate == false)
    }

    @Test func `anamorphic pixels widen the display size`() async throws {
        let media = try await probe(.wide)

        #expect(media.video?.sampleAspectRatio == Rational(4, 3))
        #expect(media.video?.displaySize.width == 192)
        #expect(media.audio?.channels == 6)
    }

    @Test func `stills, audio files and odd start times are recognised`() async throws {
        #expect(try await probe(.logo).kind == .image)
        #expect(try await probe(.photo).kind == .image)
        #expect(try await probe(.logo).durationMicroseconds == 0)
        #expect(try await probe(.voice).kind == .audio)
        #expect(try await probe(.song).kind == .audio)
        #expect(try await probe(.transport).startMicroseconds > 5_000_000)
        #expect(try await probe(.odd).startMicroseconds == -7_000)
    }

    @Test func `a poster has the display size of its film or still`() async throws {
        for sample in [SampleMedia.Sample.phone, .logo, .odd, .wide] {
            let path = "\(NSTemporaryPath.make("spool-poster"))/poster.jpg"
            let url = try await SampleMedia.shared.path(sample)
            let media = try await engine.probe(url: url)

            let report = try await engine.poster(url: url, media: media, to: path)

            let poster = try await engine.probe(url: path)
            #expect(report.bytes > 500)
            #expect(poster.video?.displaySize.width == media.video?.displaySize.width)
            #expect(poster.video?.displaySize.height == media.video?.displaySize.height)
        }
    }

    @Test(arguments: [true, false])
    func `a poster of HDR is tone-mapped where FFmpeg has the filter`(
        canMap: Bool
    ) async throws {
        let folder = NSTemporaryPath.make("spool-poster")
        // The reference white of HDR, 203 nits, in PQ.
        try await runFFmpeg(
            ["-f", "lavfi", "-i", "nullsrc=s=64x64:r=1", "-frames:v", "4", "-vf"]
                + ["format=yuv420p10le,geq=lum=64+876*0.58:cb=512:cr=512"]
                + ["-c:v", "libx265", "-x265-params", "log-level=error:lossless=1"]
                + ["-color_primaries", "bt2020", "-color_trc", "smpte2084"]
                + ["-colorspace", "bt2020nc", "-color_range", "tv", folder + "/hdr.mp4"])
        var engine = engine
        if !canMap {
            // A build without zscale fails like this.
            let script = "#!/bin/sh\ncase \"$*\" in *zscale*) exit 1;; esac\nexec ffmpeg \"$@\"\n"
            #expect(LocalFile.write(Array(script.utf8), to: folder + "/ffmpeg"))
            #expect(chmod(folder + "/ffmpeg", 0o755) == 0)
            var configuration = FFmpegConfiguration()
            configuration.ffmpegPath = folder + "/ffmpeg"
            configuration.isConfined = false
            engine = MediaEngine(configuration: configuration)
        }
        let media = try await engine.probe(url: folder + "/hdr.mp4")

        _ = try await engine.poster(
            url: folder + "/hdr.mp4", media: media, to: folder + "/poster.jpg")
        try await runFFmpeg(
            ["-i", folder + "/poster.jpg", "-vf", "format=gray", "-f", "rawvideo"]
                + [folder + "/gray"])

        let gray = try #require(LocalFile.read(folder + "/gray")?.first)
        #expect(abs(Int(gray) - (canMap ? 192 : 148)) <= 4, "\(gray)")
    }

    @Test func `a file with hundreds of streams is refused at once`() async throws {
        let folder = NSTemporaryPath.make("spool-streams")
        let path = "\(folder)/many.mkv"
        try await runFFmpeg(
            ["-i", try await SampleMedia.shared.path(.pal)]
                + Array(repeating: ["-map", "0:0"], count: 300).flatMap { $0 }
                + ["-c", "copy", "-t", "0.2", path])

        await #expect {
            try await engine.probe(url: path)
        } throws: { error in
            let error = error as? FFmpegError
            return error?.code == .notMedia && error?.detail == "The file has too many streams."
        }
    }

    @Test func `a probe that needs too much memory or time is refused`() async throws {
        var configuration = MediaEngine.configurationUnderTest
        let path = try await SampleMedia.shared.path(.ntsc)
        configuration.probeDataBytesMax = 4 << 20
        let small = MediaEngine(configuration: configuration)

        await #expect {
            try await small.probe(url: path)
        } throws: { error in
            (error as? FFmpegError)?.code == .notMedia
        }
    }

    @Test func `fontconfig's cache is never a folder that others can write`() throws {
        let folder = NSTemporaryPath.make("spool-private")
        let (own, open, link) = ("\(folder)/own", "\(folder)/open", "\(folder)/link")
        #expect(mkdir(open, 0o755) == 0)
        #expect(symlink(own, link) == 0)

        #expect(PrivateFolder.prepare(own))
        #expect(PrivateFolder.prepare(own))
        #expect(!PrivateFolder.prepare(open))
        #expect(!PrivateFolder.prepare(link))
        #expect(!PrivateFolder.prepare("\(folder)/missing/own"))
    }

    @Test func `the version is FFmpeg's first line`() async throws {
        #expect(try await engine.version().hasPrefix("ffmpeg version "))
    }
}
