import EmulatorHTTP
import Glibc
import Synchronization
import Threads

/// Wakes the scan when something in the watched folders changes (inotify(7)). Changes that other
/// machines make on a network file system cause no event: the scan also runs at an interval.
final class FolderWatch: Sendable {
    private let descriptor: Int32
    private let isOver = Atomic(false)

    private static let mask = UInt32(
        IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE)
    /// Milliseconds between checks for the end of the watch.
    private static let pollMilliseconds: Int32 = 500

    /// - Parameter onChange: Called on the watch's thread; must not block.
    /// - Returns: nil if the system has no inotify instance left.
    init?(onChange: @escaping @Sendable () -> Void) {
        descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        startThread { [self] in
            wait(onChange)
            close(descriptor)
        }
    }

    /// Watches a folder; one that is watched already stays so.
    func add(_ folder: OpenFolder) {
        guard !isOver.load(ordering: .acquiring) else { return }
        inotify_add_watch(descriptor, "/proc/self/fd/\(folder.descriptor.number)", Self.mask)
    }

    /// Ends the thread within half a second.
    func stop() { isOver.store(true, ordering: .releasing) }

    private func wait(_ onChange: @Sendable () -> Void) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while !isOver.load(ordering: .acquiring) {
            var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&request, 1, Self.pollMilliseconds) > 0 else { continue }
            var isOurs = true
            while true {
                let count = buffer.withUnsafeMutableBytes {
                    read(descriptor, $0.baseAddress, $0.count)
                }
                guard count > 0 else { break }
                if !Self.names(in: buffer[..<count]).allSatisfy(Self.isOwn) { isOurs = false }
            }
            if !isOurs { onChange() }
        }
    }

    /// Files that this process writes itself.
    private static func isOwn(_ name: String) -> Bool {
        name.hasPrefix(".") || name == "status.json" || name.hasPrefix("output.")
    }

    /// The names in `struct inotify_event`: 16 bytes, then a name of `len` bytes with zeros.
    private static func names(in bytes: ArraySlice<UInt8>) -> [String] {
        var names: [String] = []
        var rest = bytes
        while rest.count >= 16 {
            let length = rest.dropFirst(12).prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            let name = rest.dropFirst(16).prefix(length).prefix { $0 != 0 }
            names.append(String(decoding: name, as: UTF8.self))
            rest = rest.dropFirst(16 + length)
        }
        return names
    }
}
