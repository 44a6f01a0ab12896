import Captions
@testable import FFmpeg
import FoundationEssentials
import Glibc
import MediaTime
import Randomness
import RenderPlans
import Testing
import TestSupport

/// Damaged files of every kind through probe, render and audio, in confined processes.
///
/// `SPOOL_HOSTILE_COUNT` files, 100 if it is not set, from `SPOOL_TEST_SEED`. The outcome of
/// 3,000 is in docs/security.md.
@Suite(.timeLimit(.minutes(180)))
struct HostileMediaTests {
    /// Outcomes of one file.
    private struct Outcome {
        var isAccepted = false
        var isRendered = false
        /// Signals by which FFmpeg ended.
        var signals: [Int] = []
        var isSlow = false
    }

    private static func number(_ name: String, else usual: Int) -> Int {
        ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
    }

    /// The time of one file, which no format needs: a longer one counts as a hang.
    private static let patience = Duration.seconds(60)

    private static var engine: MediaEngine {
        var configuration = MediaEngine.configurationUnderTest
        // As in complete-upload and render-chunk.
        configuration.probeCPUTimeMax = .seconds(30)
        configuration.probeDataBytesMax = 768 << 20
        configuration.cpuTimeMax = .seconds(60)
        configuration.dataBytesMax = 2 << 30
        return MediaEngine(configuration: configuration)
    }

    @Test func `damaged files crash nothing and open nothing`() async throws {
        let seed = Self.number("SPOOL_TEST_SEED", else: 1)
        let count = Self.number("SPOOL_HOSTILE_COUNT", else: 100)
        let folder = NSTemporaryPath.make("spool-hostile")
        let files = try await HostileFiles.all(in: folder)
        let watch = try OpenWatch(folder: folder)
        let before = HostileFiles.openDescriptors()

        var outcomes: [Outcome] = []
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for index in 0..<count {
                if index >= 2, let outcome = try await group.next() { outcomes.append(outcome) }
                group.addTask {
                    var random = SeededGenerator(seed: UInt64(seed) << 32 | UInt64(index))
                    let file = files[index % files.count]
                    let other = files[Int.random(in: 0..<files.count, using: &random)]
                    var mutator = Mutator(seed: random.next(), names: watch.names)
                    let bytes = mutator.mutate(file.bytes, with: other.bytes)
                    return try await Self.run(bytes, "\(folder)/run-\(index)", file.name)
                }
            }
            for try await outcome in group { outcomes.append(outcome) }
        }

        #expect(outcomes.count == count)
        #expect(outcomes.filter(\.isSlow).isEmpty)
        #expect(watch.opened == 0, "a file that no command line names was opened")
        #expect(watch.connections == 0, "an address that no command line names was opened")
        #expect(HostileFiles.openDescriptors() <= before + 2)
        let signals = outcomes.flatMap(\.signals)
        let summary =
            "seed \(seed): \(count) files, \(outcomes.filter(\.isAccepted).count) accepted, "
            + "\(outcomes.filter(\.isRendered).count) rendered, signals \(signals)"
        if count > 100 { print(summary) }
        // A crash of FFmpeg is contained; an accepted file must still mostly render.
        #expect(signals.filter { $0 != Int(SIGXCPU) && $0 != Int(SIGKILL) }.count <= count / 100)
    }

    private static func run(
        _ bytes: [UInt8], _ folder: String, _ name: String
    ) async throws -> Outcome {
        mkdir(folder, 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/\(name)"
        guard LocalFile.write(bytes, to: path) else { throw CommandFailed(text: path) }
        // The parsers of ours: a fault is the only other outcome.
        for format in [CaptionFormat.srt, .vtt, .json] {
            _ = try? CaptionTrack(bytes, format: format)
        }
        var outcome = Outcome()
        let start = ContinuousClock.now
        do throws(FFmpegError) {
            let media = try await engine.probe(url: path)
            outcome.isAccepted = true
            try await render(media, path, folder)
            outcome.isRendered = true
        } catch {
            if let status = error.exitStatus, status > 128 { outcome.signals.append(status - 128) }
        }
        outcome.isSlow = ContinuousClock.now - start > patience
        return outcome
    }

    /// Renders one second, mixes its audio and makes a poster.
    private static func render(
        _ media: MediaInfo, _ path: String, _ folder: String
    ) async throws(FFmpegError) {
        let box = RenderPlan.Box(width: 160, height: 90)
        var plan = RenderPlan(
            output: RenderPlan.OutputSettings(
                format: .mp4, width: 160, height: 90, frameRate: Rational(25),
                background: "000000",
                video: RenderPlan.VideoEncoding(codec: .h264, preset: "ultrafast"),
                audio: RenderPlan.AudioEncoding(codec: .aac)),
            frameCount: 25,
            sources: [
                RenderPlan.Source(
                    assetID: "a", key: "a", etag: "\"a\"", bytes: 1, media: media)
            ], layers: [], audio: [], chunks: [FrameRange(0, 25)])
        if media.video != nil {
            plan.layers = [
                RenderPlan.Layer(placements: [
                    RenderPlan.Placement(source: 0, frames: FrameRange(0, 25), box: box)
                ])
            ]
        }
        if media.audio != nil {
            plan.audio = [
                RenderPlan.AudioPlacement(source: 0, startSample: 0, endSample: plan.sampleCount)
            ]
        }
        let engine = engine
        if media.video != nil {
            _ = try await engine.renderChunk(
                FrameRange(0, 25), of: plan, sourceURLs: [0: path], to: "\(folder)/chunk.mp4")
        }
        if media.audio != nil {
            _ = try await engine.renderAudio(
                of: plan, sourceURLs: [0: path], to: "\(folder)/audio.mov")
        }
    }
}

/// Undamaged files of every kind that is uploaded, and the texts that are put into them.
enum HostileFiles {
    struct File: Sendable {
        var name: String
        var bytes: [UInt8]
    }

    /// Makes the files.
    static func all(in folder: String) async throws -> [File] {
        let picture = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=25:d=1"]
        let tone = ["-f", "lavfi", "-i", "sine=d=1:r=44100"]
        let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"]
        let recipes: [(String, [String])] = [
            ("a.mp4", picture + tone + h264 + ["-c:a", "aac"]),
            ("b.mkv", picture + tone + h264 + ["-c:a", "flac"]),
            ("c.webm", picture + tone + ["-c:v", "libvpx", "-c:a", "libopus"]),
            ("d.mov", picture + tone + ["-c:v", "prores_ks", "-c:a", "pcm_s16le"]),
            ("e.ts", picture + tone + ["-c:v", "mpeg2video", "-c:a", "mp2"]),
            ("f.mp3", tone), ("g.wav", tone), ("h.flac", tone), ("i.ogg", tone),
            ("j.png", picture + ["-frames:v", "1"]), ("k.jpg", picture + ["-frames:v", "1"]),
            ("l.gif", picture), ("m.webp", picture + ["-frames:v", "1"]),
            ("n.mp4", picture + h264 + ["-movflags", "+frag_keyframe+empty_moov", "-g", "5"]),
        ]
        var files: [File] = []
        for (name, recipe) in recipes {
            try await runFFmpeg(recipe + ["\(folder)/\(name)"])
            files.append(File(name: name, bytes: LocalFile.read("\(folder)/\(name)") ?? []))
        }
        let texts = [
            (
                "o.srt",
                "1\n00:00:00,000 --> 00:00:01,000\nHello <i>you</i>\n\n2\n00:00:01,000 --> "
                    + "00:00:02,500\nTwo lines\nof text\n"
            ),
            ("p.vtt", "WEBVTT\n\n00:00.000 --> 00:01.000\n<00:00:00.200>Hello <c>you</c>\n"),
            (
                "q.ass",
                "[Script Info]\nScriptType: v4.00+\n[Events]\nFormat: Start, End, Text\n"
                    + "Dialogue: 0:00:00.00,0:00:01.00,{\\b1}Hello\n"
            ),
            ("r.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nNAME\n#EXT-X-ENDLIST\n"),
        ]
        return files + texts.map { File(name: $0.0, bytes: Array($0.1.utf8)) }
    }

    /// Number of descriptors that this process has open.
    static func openDescriptors() -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }
}

/// A file and an address that damaged files name and that nothing may open.
final class OpenWatch: Sendable {
    /// Texts that name the file or the address.
    let names: [String]
    private let notifier: Int32
    private let listener: Int32

    init(folder: String) throws {
        let marker = "\(folder)/marker"
        guard LocalFile.write(Array("marker".utf8), to: marker) else {
            throw CommandFailed(text: marker)
        }
        notifier = inotify_init1(Int32(IN_NONBLOCK))
        inotify_add_watch(notifier, marker, UInt32(IN_OPEN | IN_ACCESS))
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let (descriptor, size) = (listener, length)
        withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                _ = bind(descriptor, address, size)
                _ = listen(descriptor, 64)
                getsockname(descriptor, address, &length)
            }
        }
        let host = "127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        names = [
            marker, "file:\(marker)", "http://\(host)/x", "tcp://\(host)", "rtmp://\(host)/x",
            "concat:\(marker)|\(marker)", "crypto:\(marker)", "subfile,,start,0,end,4,,:\(marker)",
            "#EXTM3U\n#EXTINF:1,\nhttp://\(host)/x\n#EXT-X-ENDLIST\n",
            "#EXTM3U\n#EXTINF:1,\nfile:\(marker)\n#EXT-X-ENDLIST\n",
            "ffconcat version 1.0\nfile '\(marker)'\n",
        ]
    }

    deinit {
        close(notifier)
        close(listener)
    }

    /// Bytes of events: openings and reads of the marker.
    var opened: Int {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        return max(0, read(notifier, &buffer, buffer.count))
    }

    /// Connections to the address.
    var connections: Int {
        var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        return Int(poll(&entry, 1, 0))
    }
}
