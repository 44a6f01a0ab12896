import Glibc
import Synchronization
import Threads

/// The identity of a program's files at one moment; each build has a different stamp.
struct ProgramStamp: Sendable, Hashable {
    private struct FileStamp: Sendable, Hashable {
        var number: UInt64
        var bytes: Int
        var changedNanoseconds: Int
    }

    private var files: [String: FileStamp] = [:]

    /// Maximum number of files; a folder with more does not belong to a function alone.
    private static let fileCountMax = 500

    /// Stamps the function's program and the files of its own folder if it has
    /// one, without subfolders.
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

/// Reports changed programs to the pools.
///
/// A thread reads the stamps every 250 ms, since `stat` can wait for a disk.
/// Linkers write for some time, so a change counts once two consecutive reads
/// agree.
struct ProgramWatch: Sendable {
    /// The watched functions.
    let functions: [FunctionDefinition]
    let configuration: LambdaConfiguration

    private static let milliseconds = 250

    /// Watches until the task is cancelled.
    func run(_ pools: [FunctionPool]) async {
        let (changes, continuation) = AsyncStream.makeStream(
            of: [String: ProgramStamp].self, bufferingPolicy: .bufferingNewest(1))
        let isOver = EndOfWatch()
        startThread { self.watch(continuation, until: isOver) }
        for await stamps in changes {
            for pool in pools {
                if let stamp = stamps[pool.function.name] { await pool.use(stamp) }
            }
        }
        isOver.value.store(true, ordering: .releasing)
    }

    /// Yields the stamps of all programs whenever one changes.
    private func watch(
        _ changes: AsyncStream<[String: ProgramStamp]>.Continuation, until isOver: EndOfWatch
    ) {
        var seen: [String: ProgramStamp] = [:]
        var reported: [String: ProgramStamp] = [:]
        while !isOver.value.load(ordering: .acquiring) {
            let before = reported
            for function in functions {
                let stamp = ProgramStamp(function, configuration)
                if seen[function.name] == stamp { reported[function.name] = stamp }
                seen[function.name] = stamp
            }
            if reported != before { changes.yield(reported) }
            usleep(UInt32(Self.milliseconds) * 1_000)
        }
    }
}

/// A flag that ends the watch; the thread checks it on each round.
private final class EndOfWatch: Sendable {
    let value = Atomic(false)
}
