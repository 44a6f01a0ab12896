/// Paths of FFmpeg's programs and the limits that they run within.
package struct FFmpegConfiguration: Sendable, Hashable {
    /// Path of `ffmpeg`.
    package var ffmpegPath: String
    /// Path of `ffprobe`.
    package var ffprobePath: String
    /// Threads of each decoder, filter graph and encoder. x264's output depends on
    /// it, so it is part of a chunk's fingerprint.
    package var threads: Int
    /// The whole environment of the child processes. `SVT_LOG` keeps SVT-AV1
    /// from writing its settings to standard error.
    package var environment: [String: String]
    /// Largest single allocation (`-max_alloc`): rejects headers that declare absurd
    /// sizes.
    package var allocationBytesMax: Int
    /// Pixels of the largest frame that is decoded (`-max_pixels`).
    package var pixelsMax: Int
    /// CPU time of one process in whole seconds (RLIMIT_CPU); nil for no limit.
    package var cpuTimeMax: Duration?
    /// Address space of one process (RLIMIT_AS); nil for no limit.
    package var addressSpaceBytesMax: Int?
    /// Size of any one file written (RLIMIT_FSIZE); nil for no limit.
    package var fileBytesMax: Int?
    /// Private writable memory of one process (RLIMIT_DATA); nil for no limit.
    package var dataBytesMax: Int?
    /// Open files and sockets of one process (RLIMIT_NOFILE); nil for no limit.
    package var openFileCountMax: Int?
    /// CPU time of a probe in whole seconds; nil for that of every process.
    package var probeCPUTimeMax: Duration?
    /// Private writable memory of a probe; nil for that of every process.
    package var probeDataBytesMax: Int?
    /// Streams of a file (`-max_streams`); a file with more is refused.
    package var streamCountMax = 128
    /// True if the processes may use only the files and sockets that they need.
    package var isConfined = true
    /// The port on this machine's loopback through which URLs are read, the only one that a
    /// confined process reaches; nil if URLs are read directly.
    package var relayPort: Int?
    /// The folder in which fontconfig keeps its cache; set where texts are drawn.
    var fontCacheFolder: String?
    /// Time from SIGTERM to SIGKILL when a task is cancelled.
    package var cancelGrace: Duration
    /// Time after which a network read fails (`-rw_timeout`).
    package var networkTimeout: Duration
    /// Receive buffer of each connection, which a seek discards. It limits the
    /// throughput of a distant store (buffer / round trip = bytes a second).
    package var networkReceiveBufferBytes: Int
    /// Seams that `verify` decodes; of more, an even sample is taken.
    package var decodedSeamCountMax: Int
    /// The folder, searched with its subfolders, of the only fonts that texts are
    /// drawn with.
    package var fontsDirectory: String
    /// Niceness of the processes, 0 to 19; 0 gives them their share of a busy machine.
    package var niceness = 0
    /// The device of VA-API encoders.
    package var vaapiDevice: String

    /// A configuration; by default Debian's FFmpeg on one thread.
    package init(
        ffmpegPath: String = "/usr/bin/ffmpeg", ffprobePath: String = "/usr/bin/ffprobe",
        threads: Int = 1, environment: [String: String] = ["LC_ALL": "C", "SVT_LOG": "1"],
        allocationBytesMax: Int = 1 << 30, pixelsMax: Int = 1 << 27,
        cpuTimeMax: Duration? = nil, addressSpaceBytesMax: Int? = nil,
        fileBytesMax: Int? = nil, cancelGrace: Duration = .milliseconds(250),
        networkTimeout: Duration = .seconds(30), networkReceiveBufferBytes: Int = 1 << 18,
        decodedSeamCountMax: Int = 12, fontsDirectory: String = "/usr/share/fonts",
        vaapiDevice: String = "/dev/dri/renderD128"
    ) {
        self.ffmpegPath = ffmpegPath
        self.ffprobePath = ffprobePath
        self.threads = threads
        self.environment = environment
        self.allocationBytesMax = allocationBytesMax
        self.pixelsMax = pixelsMax
        self.cpuTimeMax = cpuTimeMax
        self.addressSpaceBytesMax = addressSpaceBytesMax
        self.fileBytesMax = fileBytesMax
        self.cancelGrace = cancelGrace
        self.networkTimeout = networkTimeout
        self.networkReceiveBufferBytes = networkReceiveBufferBytes
        self.decodedSeamCountMax = decodedSeamCountMax
        self.fontsDirectory = fontsDirectory
        self.vaapiDevice = vaapiDevice
    }
}

/// Demuxers that are allowed for uploaded media. Playlists (HLS, DASH, concat,
/// image sequences) are not among them: they open other files by name.
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
