import ChildProcess
import FFmpeg
import FoundationEssentials
import TestSupport

/// Tiny sample files, made by FFmpeg once for each run of the tests.
actor SampleMedia {
    static let shared = SampleMedia()

    enum Sample: String, CaseIterable, Sendable {
        /// H.264 with B-frames at 30000/1001 and stereo AAC.
        case ntsc = "ntsc.mp4"
        /// H.264 at 25, 176x144, open GOP, mono AAC at 44.1 kHz.
        case pal = "pal.mp4"
        /// VP9 at 24 frames a second and odd size, with Opus.
        case odd = "odd.webm"
        /// Variable frame rate with long holds, turned by 90 degrees.
        case phone = "phone.mp4"
        /// MPEG-TS that starts at 5 s.
        case transport = "transport.ts"
        /// Cut between keyframes by copying: an edit list hides the pre-roll.
        case cut = "cut.mp4"
        /// Anamorphic ProRes at 24000/1001 with 5.1 PCM.
        case wide = "wide.mov"
        /// A still with alpha.
        case logo = "logo.png"
        /// A still without alpha.
        case photo = "photo.jpg"
        /// Mono AAC without video.
        case voice = "voice.m4a"
        case song = "song.mp3"
        /// 40 s, so that late in-points are reached by seeking.
        case lecture = "lecture.mp4"
    }

    private let folder: String
    private var made: Set<Sample> = []
    private var waiting: [Sample: [CheckedContinuation<Void, Never>]] = [:]

    private init() {
        folder = NSTemporaryPath.make("spool-samples")
    }

    /// Path of a sample file. The first call makes it, others wait for that.
    func path(_ sample: Sample) async throws -> String {
        let path = "\(folder)/\(sample.rawValue)"
        if made.contains(sample) { return path }
        if waiting[sample] != nil {
            await withCheckedContinuation { waiting[sample, default: []].append($0) }
            return path
        }
        waiting[sample] = []
        defer {
            made.insert(sample)
            for continuation in waiting.removeValue(forKey: sample) ?? [] { continuation.resume() }
        }
        if sample == .cut { _ = try await self.path(.pal) }
        if sample == .transport { _ = try await self.path(.ntsc) }
        guard sample == .phone else {
            try await runFFmpeg(recipe(sample) + [path])
            return path
        }
        let upright = "\(folder)/upright.mp4"
        try await runFFmpeg(recipe(sample) + [upright])
        try await runFFmpeg(["-i", upright, "-c", "copy", "-metadata:s:v", "rotate=90", path])
        return path
    }

    private func recipe(_ sample: Sample) -> [String] {
        let h264 = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-crf", "28"]
        let tone = "aevalsrc=0.3*sin(2*PI*(200+40*t)*t)|0.3*sin(2*PI*(300+30*t)*t):s=48000:d=6"
        switch sample {
        case .ntsc:
            return picture("320x180", "30000/1001") + ["-f", "lavfi", "-i", tone] + h264
                + ["-g", "48", "-c:a", "aac"]
        case .pal:
            return picture("176x144", "25")
                + ["-f", "lavfi", "-i", "sine=f=330:r=44100:d=6"] + h264
                + ["-g", "30", "-x264-params", "open-gop=1", "-c:a", "aac", "-ac", "1"]
        case .odd:
            return picture("161x91", "24") + ["-f", "lavfi", "-i", tone]
                + ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "40"]
                + ["-c:a", "libopus"]
        case .phone:
            let holds = "select='not(eq(mod(n,23),7))*not(between(mod(n,90),40,75))'"
            let jitter = "settb=1/90000,setpts='PTS+if(mod(N,7),0,700)+if(mod(N,11),0,-400)'"
            return picture("180x320", "30") + ["-f", "lavfi", "-i", tone]
                + ["-vf", "\(jitter),\(holds)", "-fps_mode", "vfr", "-enc_time_base", "1/90000"]
                + ["-video_track_timescale", "90000"] + h264 + ["-c:a", "aac"]
        case .transport:
            return ["-i", "\(folder)/ntsc.mp4", "-c", "copy", "-output_ts_offset", "5"]
        case .cut:
            return ["-ss", "1.3", "-i", "\(folder)/pal.mp4", "-c", "copy"]
        case .wide:
            let surround = (1...6).map { "0.1*sin(2*PI*\($0 * 110)*t)" }.joined(separator: "|")
            return picture("144x108", "24000/1001")
                + ["-f", "lavfi", "-i", "aevalsrc='\(surround)':s=48000:c=5.1:d=6"]
                + ["-vf", "setsar=4/3", "-c:v", "prores_ks", "-profile:v", "1"]
                + ["-c:a", "pcm_s24le"]
        case .logo:
            return ["-f", "lavfi", "-i", "testsrc2=s=90x70:r=1:d=1", "-frames:v", "1"]
                + ["-vf", "format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='mod(X*4,256)'"]
        case .photo:
            return ["-f", "lavfi", "-i", "testsrc=s=200x300:r=1:d=1", "-frames:v", "1"]
        case .voice:
            return ["-f", "lavfi", "-i", "sine=f=500:r=48000:d=3", "-c:a", "aac", "-ac", "1"]
        case .lecture:
            return ["-f", "lavfi", "-i", "testsrc2=s=64x36:r=10:d=40", "-f", "lavfi", "-i"]
                + ["aevalsrc=0.3*sin(2*PI*(200+5*t)*t):s=48000:d=40"] + h264
                + ["-g", "50", "-c:a", "aac"]
        case .song:
            return ["-f", "lavfi", "-i", tone, "-t", "1.5", "-c:a", "libmp3lame"]
        }
    }

    private func picture(_ size: String, _ rate: String) -> [String] {
        [
            "-f", "lavfi", "-i",
            "testsrc2=s=\(size):r=\(rate):d=6,noise=alls=4:allf=t,format=yuv420p",
        ]
    }
}

/// Folders inside the system's temporary folder.
enum NSTemporaryPath {
    static func make(_ name: String) -> String {
        let path = "\(LocalFile.scratch)/\(name)-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true)
        return path
    }
}

struct CommandFailed: Error { var text: String }

/// Runs `ffmpeg` and returns its standard output.
@discardableResult
func runFFmpeg(
    _ arguments: [String], executable: String = "/usr/bin/ffmpeg"
) async throws -> String {
    let output = Collected()
    let errors = Collected()
    let result = try await Child.run(
        ChildCommand(
            executable: executable,
            arguments: ["-nostdin", "-v", "error", "-y"] + arguments),
        onStandardOutput: { output.append($0) }, onStandardError: { errors.append($0) })
    guard result.exit == .code(0) else { throw CommandFailed(text: errors.text) }
    return output.text
}
