package import RenderPlans

/// Arguments of a hardware encoder.
///
/// The rate factor keeps its number: NVENC's `cq`, Quick Sync's `global_quality` and VA-API's
/// `qp` have x264's scale, with a picture of about the same quality.
struct HardwareEncoding {
    private typealias Encoder = RenderPlan.VideoEncoding.Encoder

    private let encoder: RenderPlan.VideoEncoding.Encoder
    private let video: RenderPlan.VideoEncoding

    init(_ encoder: RenderPlan.VideoEncoding.Encoder, _ video: RenderPlan.VideoEncoding) {
        self.encoder = encoder
        self.video = video
    }

    /// FFmpeg's name of the encoder, for instance `h264_nvenc`.
    var name: String { "\(video.codec.rawValue)_\(encoder.rawValue)" }

    /// Encoder, quality and pixel format; the same for all chunks of an export.
    var arguments: [String] {
        let profile =
            video.codec == .hevc
            ? ["-profile:v", "main", "-tag:v", "hvc1"] : ["-profile:v", "high"]
        return ["-c:v", name] + quality + profile
    }

    private var quality: [String] {
        let effort = EncodeArguments.Effort(rawValue: video.preset) ?? .veryfast
        switch encoder {
        case .nvenc:
            // A chunk begins with a frame that players can seek to.
            return ["-preset", effort.nvenc, "-rc", "vbr", "-cq", "\(crf)", "-b:v", "0"]
                + ["-forced-idr", "1", "-pix_fmt", "yuv420p"] + ceiling
        case .qsv:
            return ["-preset", preset, "-global_quality", "\(crf)", "-pix_fmt", "nv12"]
        case .vaapi: return ["-rc_mode", "CQP", "-qp", "\(crf)"]
        case .videotoolbox:
            // 1 to 100, the best last; 100 - 2 x 20 is close to x264's 20.
            let quality = max(1, 100 - 2 * video.crf)
            return ["-q:v", "\(quality)", "-allow_sw", "0", "-pix_fmt", "yuv420p"]
        case .auto, .software: return []
        }
    }

    /// The rate factor, at least 1: these encoders read 0 as "choose yourself".
    private var crf: Int { max(1, video.crf) }

    private var ceiling: [String] {
        video.ceiling.map {
            ["-maxrate", "\($0.kilobitsPerSecond)k", "-bufsize", "\($0.bufferKilobits)k"]
        } ?? []
    }

    /// Quick Sync has x264's names, without the two fastest.
    private var preset: String {
        ["ultrafast", "superfast"].contains(video.preset) ? "veryfast" : video.preset
    }

    /// Filters that bring frames to the encoder; empty if it takes them from memory.
    var upload: [String] { encoder == .vaapi ? ["format=nv12", "hwupload"] : [] }

    /// Options before the inputs.
    func deviceArguments(_ configuration: FFmpegConfiguration) -> [String] {
        guard encoder == .vaapi else { return [] }
        return ["-init_hw_device", "vaapi=va:\(configuration.vaapiDevice)"]
            + ["-filter_hw_device", "va"]
    }
}

extension MediaEngine {
    /// True if FFmpeg and this machine can encode with the hardware encoder: two frames are
    /// encoded. Cached like FFmpeg's version.
    package func canEncode(_ video: RenderPlan.VideoEncoding) async throws(FFmpegError) -> Bool {
        guard let encoder = video.hardwareEncoder else { return true }
        let encoding = HardwareEncoding(encoder, video)
        if let known = hardware(encoding.name) { return known }
        var isPresent = try await encoders().contains(encoding.name)
        if isPresent {
            let filters = ["format=yuv420p"] + encoding.upload
            do {
                _ = try await FFmpegProcess(configuration: configuration).run(
                    configuration.ffmpegPath,
                    globalArguments + encoding.deviceArguments(configuration)
                        + ["-f", "lavfi", "-i", "color=size=256x256:rate=25"]
                        + ["-vf", filters.joined(separator: ","), "-frames:v", "2"]
                        + encoding.arguments + ["-f", "null", "-"])
            } catch {
                // Without the hardware FFmpeg fails in many ways; these are of the moment.
                let passing: [FFmpegError.Code] = [.outOfMemory, .diskFull, .outOfTime]
                guard error.exitStatus != nil, !passing.contains(error.code) else { throw error }
                isPresent = false
            }
        }
        remember(hardware: encoding.name, isPresent)
        return isPresent
    }
}
