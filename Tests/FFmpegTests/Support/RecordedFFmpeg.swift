@testable import FFmpeg
import Glibc
import Testing
import TestSupport

/// Programs in place of `ffmpeg` and `ffprobe` that record their arguments and exit with 0,
/// without any output.
struct RecordedFFmpeg {
    /// Folder of the output files; appears as `FOLDER` in `text()`.
    let folder = LocalFile.temporaryFolder()
    let engine: MediaEngine

    init() {
        let script = """
            #!/bin/sh
            name=${0##*/}
            printf '%s\\0' "$name" "$@" >>"${0%/*}/calls"
            printf '\\001\\0' >>"${0%/*}/calls"

            """
        for name in ["ffmpeg", "ffprobe"] {
            #expect(LocalFile.write(Array(script.utf8), to: "\(folder)/\(name)"))
            #expect(chmod("\(folder)/\(name)", 0o755) == 0)
        }
        var configuration = FFmpegConfiguration(
            ffmpegPath: "\(folder)/ffmpeg", ffprobePath: "\(folder)/ffprobe", threads: 2)
        // A shell script starts processes and writes beside itself.
        configuration.isConfined = false
        engine = MediaEngine(configuration: configuration)
    }

    /// The command lines of a step: a line for each option with its values.
    func text(_ step: (MediaEngine) async throws -> Void) async throws -> String {
        // Most operations fail, since the program writes no output.
        do { try await step(engine) } catch is FFmpegError {}
        let bytes = try #require(LocalFile.read("\(folder)/calls"))
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            .split(separator: "\u{1}").map { Self.lines(Array($0)) }.joined(separator: "\n")
            .replacing(folder, with: "FOLDER")
            .replacing(AllowedFormats.all, with: "FORMATS")
    }

    /// A line begins at each option: `-name`, but not a negative number.
    private static func lines(_ words: [String]) -> String {
        words.reduce(into: "") { text, word in
            let isOption = word.hasPrefix("-") && word.dropFirst().first?.isLetter == true
            text += text.isEmpty ? word : isOption ? "\n  \(word)" : " \(word)"
        }.replacing(";", with: ";\n    ") + "\n"
    }
}
