/// A text on FFmpeg's standard error by which a failure is classified.
///
/// FFmpeg exits with 1 for almost every failure, so its messages are the only way to tell
/// one from another. They are English in every locale; those of `strerror` are English
/// because the child processes run with `LC_ALL=C`.
struct FFmpegMessage: Sendable, Equatable {
    /// What a message says about a run.
    enum Meaning: Sendable {
        /// The output does not fit on the disk.
        case diskFull
        /// An allocation failed.
        case outOfMemory
        /// An input could not be opened, read or used.
        case unreadable
        /// A file could not be fetched, so it may still be media.
        case unreachable
        /// The end of the output could not be written, although FFmpeg exits with 0.
        case unwritten
        /// The connection of an input broke, although FFmpeg may exit with 0: what it wrote
        /// may have a gap.
        case interrupted
        /// The index does not fit into the room that `-moov_size` left for it.
        case indexRoomTooSmall
        /// The file name was taken for an image sequence.
        case imageSequence
    }

    /// Part of the line, as FFmpeg writes it.
    let text: String
    let meaning: Meaning

    private init(_ text: String, _ meaning: Meaning) {
        (self.text, self.meaning) = (text, meaning)
    }

    /// All messages, in the order in which they are tried. Each one was found in
    /// FFmpeg 5.1.9 (Debian 12), in the part that its comment names.
    static let all: [FFmpegMessage] = [
        // strerror, glibc 2.36.
        FFmpegMessage("No space left on device", .diskFull),
        FFmpegMessage("Cannot allocate memory", .outOfMemory),
        // av_strerror, libavutil 57.
        FFmpegMessage("Invalid data found when processing input", .unreadable),
        FFmpegMessage("Server returned", .unreadable),
        FFmpegMessage("End of file", .unreadable),
        FFmpegMessage("Protocol not found", .unreadable),
        // strerror, glibc 2.36.
        FFmpegMessage("No such file or directory", .unreadable),
        FFmpegMessage("Connection refused", .unreadable),
        FFmpegMessage("Connection timed out", .unreadable),
        FFmpegMessage("Connection reset by peer", .unreadable),
        FFmpegMessage("Input/output error", .unreadable),
        FFmpegMessage("Permission denied", .unreadable),
        // http.c, mov.c and utils.c of libavformat 59.
        FFmpegMessage("HTTP error", .unreadable),
        FFmpegMessage("moov atom not found", .unreadable),
        FFmpegMessage("Format not on whitelist", .unreadable),
        // ffmpeg_opt.c: "Stream map '0:v' matches no streams."
        FFmpegMessage("matches no streams", .unreadable),
        FFmpegMessage("Stream map", .unreadable),
        // ffprobe: strerror, av_strerror, and http.c and tcp.c of libavformat 59.
        FFmpegMessage("No such file", .unreachable),
        FFmpegMessage("Server returned", .unreachable),
        FFmpegMessage("HTTP error", .unreachable),
        FFmpegMessage("Connection", .unreachable),
        FFmpegMessage("Input/output error", .unreachable),
        FFmpegMessage("Permission denied", .unreachable),
        FFmpegMessage("timed out", .unreachable),
        FFmpegMessage("Protocol not found", .unreachable),
        FFmpegMessage("Failed to resolve", .unreachable),
        FFmpegMessage("Stream ends prematurely", .unreachable),
        // ffmpeg.c: "Error writing trailer of out.mp4: …", "Error closing file out.mp4: …".
        FFmpegMessage("Error writing trailer", .unwritten),
        FFmpegMessage("Error closing file", .unwritten),
        // http.c and tcp.c of libavformat 59; strerror, glibc 2.36.
        FFmpegMessage("Stream ends prematurely", .interrupted),
        FFmpegMessage("Failed to reconnect", .interrupted),
        FFmpegMessage("HTTP error 5", .interrupted),
        FFmpegMessage("HTTP error 429", .interrupted),
        FFmpegMessage("Server returned 5", .interrupted),
        FFmpegMessage("Connection refused", .interrupted),
        FFmpegMessage("Connection reset by peer", .interrupted),
        FFmpegMessage("Connection timed out", .interrupted),
        FFmpegMessage("Input/output error", .interrupted),
        // movenc.c of libavformat 59.
        FFmpegMessage("moov_size is too small", .indexRoomTooSmall),
        // The prefix of av_log: "[image2 @ 0x55d0c8a1b2c0] …".
        FFmpegMessage("[image2 ", .imageSequence),
    ]

    /// The first message of a meaning that a text contains.
    static func first(_ meaning: Meaning, in text: some StringProtocol) -> FFmpegMessage? {
        all.first { $0.meaning == meaning && text.contains($0.text) }
    }
}
