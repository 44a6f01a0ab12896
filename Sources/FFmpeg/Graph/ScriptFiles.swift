import Captions
import FoundationEssentials
import Glibc

/// The temporary files for a chunk's texts: ASS scripts and a fontconfig configuration.
struct ScriptFiles {
    let pieces: [ScriptExcerpt]
    /// Prefix of the paths.
    let prefix: String

    private var fontsPath: String { "\(prefix)fonts.conf" }

    /// Path of the script with this index.
    func path(_ index: Int) -> String { "\(prefix)\(index).ass" }

    /// Writes the files.
    /// - Returns: The configuration with the environment in which the texts are drawn.
    func write(
        _ configuration: FFmpegConfiguration
    ) throws(FFmpegError) -> FFmpegConfiguration {
        guard !pieces.isEmpty else { return configuration }
        for (index, piece) in pieces.enumerated() {
            try FileSystem.write(piece.drawn.text, to: path(index))
        }
        let fonts = FontCollection(folder: configuration.fontsDirectory)
        let temporary = configuration.environment["TMPDIR"] ?? "/tmp"
        let shared = "\(temporary)/spool-fontconfig-\(getuid())"
        // Another user may have made the folder in a shared `/tmp`.
        let cache = PrivateFolder.prepare(shared) ? shared : "\(prefix)font-cache"
        try FileSystem.write(fonts.configuration(cacheFolder: cache), to: fontsPath)
        var result = configuration
        result.environment["FONTCONFIG_FILE"] = fontsPath
        result.fontCacheFolder = cache
        return result
    }

    func remove() {
        guard !pieces.isEmpty else { return }
        for index in pieces.indices { FileSystem.remove(path(index)) }
        FileSystem.remove(fontsPath)
    }
}
