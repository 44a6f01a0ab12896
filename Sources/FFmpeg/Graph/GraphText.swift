/// The filter graph of one run of FFmpeg: an argument, or a file where it is too
/// long to be one.
struct GraphText {
    let text: String
    /// Where it is written, if it is.
    let path: String

    /// Linux takes no argument of 128 KiB (execve(2), MAX_ARG_STRLEN). That is some
    /// two hundred clips in one chunk, or a thousand points of a volume.
    static let argumentBytesMax = 100_000

    private var isFile: Bool { text.utf8.count > Self.argumentBytesMax }

    var arguments: [String] {
        isFile ? ["-filter_complex_script", path] : ["-filter_complex", text]
    }

    func write() throws(FFmpegError) {
        if isFile { try FileSystem.write(text, to: path) }
    }

    func remove() {
        if isFile { FileSystem.remove(path) }
    }
}
