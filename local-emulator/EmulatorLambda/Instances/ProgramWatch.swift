import Glibc

/// What an instance is made of at one moment: another build is another stamp.
struct ProgramStamp: Sendable, Hashable {
    private struct FileStamp: Sendable, Hashable {
        var number: UInt64
        var bytes: Int
        var changedNanoseconds: Int
    }

    private var files: [String: FileStamp] = [:]

    /// A folder with more files is not a function's own.
    private static let fileCountMax = 500

    /// The program of a function and, where it has a folder of its own, the
    /// files in that (not those of folders in it).
    init(_ function: FunctionDefinition, _ configuration: LambdaConfiguration) {
        let folder = function.taskRoot ?? configuration.taskRoot
        let words = function.command ?? [configuration.bootstrapPath]
        for word in words { add(word.hasPrefix("/") ? word : "\(folder)/\(word)") }
        guard let own = function.taskRoot, let listing = opendir(own) else { return }
        defer { closedir(listing) }
        while let item = readdir(listing), files.count < Self.fileCountMax {
            let name = withUnsafeBytes(of: item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            add("\(own)/\(name)")
        }
    }

    private mutating func add(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        files[path] = FileStamp(
            number: UInt64(status.st_ino), bytes: Int(status.st_size),
            changedNanoseconds:
                Int(status.st_mtim.tv_sec) * 1_000_000_000 + Int(status.st_mtim.tv_nsec))
    }
}

/// Tells pools when their program has changed. A linker writes for a while: a
/// change counts once two looks in a row find the same.
struct ProgramWatch: Sendable {
    let configuration: LambdaConfiguration

    private static let milliseconds = 250

    func run(_ pools: [FunctionPool]) async {
        var seen: [String: ProgramStamp] = [:]
        while !Task.isCancelled {
            for pool in pools {
                let stamp = ProgramStamp(pool.function, configuration)
                if seen[pool.function.name] == stamp { await pool.use(stamp) }
                seen[pool.function.name] = stamp
            }
            try? await Task.sleep(for: .milliseconds(Self.milliseconds))
        }
    }
}
