/// The filter graph of one run of FFmpeg, as an argument or, if it is too long, as a file.
struct GraphText {
    let text: String
    /// Path of the file, if one is written.
    let path: String

    /// Size up to which the graph is an argument: Linux refuses one of 128 KiB (execve(2),
    /// MAX_ARG_STRLEN). It is reached by about 200 clips in one chunk or 1,000 gain points.
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
