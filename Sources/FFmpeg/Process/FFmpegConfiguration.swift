/// Which FFmpeg to run, and the limits it runs within.
package struct FFmpegConfiguration: Sendable, Hashable {
    /// Path of `ffmpeg`.
    package var ffmpegPath: String
    /// Path of `ffprobe`.
    package var ffprobePath: String
    /// Threads of each decoder, filter graph and encoder. Part of what decides
    /// an H.264 encode's bytes, so it belongs to the chunk fingerprint's text.
    package var threads: Int
    /// The whole environment of the child processes. `SVT_LOG` keeps SVT-AV1
    /// from telling its settings on standard error.
    package var environment: [String: String]
    /// Largest single allocation (`-max_alloc`): stops headers that promise
    /// absurd sizes.
    package var allocationBytesMax: Int
    /// Largest picture that is decoded (`-max_pixels`).
    package var pixelsMax: Int
    /// CPU time of one process (RLIMIT_CPU); nil for no limit.
    package var cpuSecondsMax: Int?
    /// Address space of one process (RLIMIT_AS); nil for no limit.
    package var addressSpaceBytesMax: Int?
    /// Size of any one file written (RLIMIT_FSIZE); nil for no limit.
    package var fileBytesMax: Int?
    /// From SIGTERM to SIGKILL when a task is cancelled.
    package var cancelGraceMilliseconds: Int
    /// Longest wait for one network read before it fails (`-rw_timeout`).
    package var networkTimeoutMilliseconds: Int
    /// Receive buffer of each connection: what a seek throws away. Too small
    /// slows a distant store down (buffer / round trip = bytes a second).
    package var networkReceiveBufferBytes: Int
    /// Most seams that `verify` decodes; more are sampled evenly.
    package var decodedSeamCountMax: Int
    /// The folder, with those inside it, whose fonts texts are drawn with; no
    /// other font of the machine is seen.
    package var fontsDirectory: String

    /// Debian's FFmpeg on one thread, unless told otherwise.
    package init(
        ffmpegPath: String = "/usr/bin/ffmpeg", ffprobePath: String = "/usr/bin/ffprobe",
        threads: Int = 1, environment: [String: String] = ["LC_ALL": "C", "SVT_LOG": "1"],
        allocationBytesMax: Int = 1 << 30, pixelsMax: Int = 1 << 27,
        cpuSecondsMax: Int? = nil, addressSpaceBytesMax: Int? = nil,
        fileBytesMax: Int? = nil, cancelGraceMilliseconds: Int = 250,
        networkTimeoutMilliseconds: Int = 30_000, networkReceiveBufferBytes: Int = 1 << 18,
        decodedSeamCountMax: Int = 12, fontsDirectory: String = "/usr/share/fonts"
    ) {
        self.ffmpegPath = ffmpegPath
        self.ffprobePath = ffprobePath
        self.threads = threads
        self.environment = environment
        self.allocationBytesMax = allocationBytesMax
        self.pixelsMax = pixelsMax
        self.cpuSecondsMax = cpuSecondsMax
        self.addressSpaceBytesMax = addressSpaceBytesMax
        self.fileBytesMax = fileBytesMax
        self.cancelGraceMilliseconds = cancelGraceMilliseconds
        self.networkTimeoutMilliseconds = networkTimeoutMilliseconds
        self.networkReceiveBufferBytes = networkReceiveBufferBytes
        self.decodedSeamCountMax = decodedSeamCountMax
        self.fontsDirectory = fontsDirectory
    }
}

/// The demuxers that uploaded media may use. Playlists (HLS, DASH, concat,
/// image sequences) are not among them: those open further files by name.
enum AllowedFormats {
    static let stills = [
        "png_pipe", "jpeg_pipe", "webp_pipe", "bmp_pipe", "tiff_pipe", "jpegxl_pipe", "qoi_pipe",
    ]
    static let moving = [
        "mov", "matroska", "webm", "mpegts", "mpeg", "avi", "flv", "ogg", "asf", "mxf", "gif",
        "apng",
    ]
    static let audio = [
        "mp3", "wav", "w64", "flac", "aac", "aiff", "caf", "amr", "ac3", "eac3",
    ]
    static let all = (moving + audio + stills).joined(separator: ",")
}
