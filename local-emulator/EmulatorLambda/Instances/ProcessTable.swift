import Glibc

/// A snapshot of the machine's processes: parent and memory of each (proc(5), `/proc/PID/stat`).
struct ProcessTable: Sendable {
    private struct Entry {
        var processID: Int
        var parentID: Int
        var residentBytes: Int
    }

    private var children: [Int: [Entry]] = [:]
    private var residentBytes: [Int: Int] = [:]

    /// Reads the kernel's table, which is in memory and involves no disk.
    init() {
        guard let folder = opendir("/proc") else { return }
        defer { closedir(folder) }
        let pageBytes = sysconf(Int32(_SC_PAGESIZE))
        while let item = readdir(folder) {
            let name = withUnsafeBytes(of: item.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = Int(name), let text = smallFile("/proc/\(name)/stat"),
                let entry = Self.entry(number, text, pageBytes: pageBytes)
            else { continue }
            children[entry.parentID, default: []].append(entry)
            residentBytes[number] = entry.residentBytes
        }
    }

    /// The resident bytes of a process and its descendants, with shared pages
    /// counted in each process; 0 if the process is gone.
    func residentBytes(ofTree processID: Int) -> Int {
        var total = residentBytes[processID] ?? 0
        var open = children[processID] ?? []
        while let entry = open.popLast() {
            total += entry.residentBytes
            open += children[entry.processID] ?? []
        }
        return total
    }

    /// Parses one line. The name in brackets may contain any character, so fields
    /// are counted from its end: state, parent, ..., and the resident pages as
    /// the twenty-second.
    private static func entry(_ number: Int, _ text: String, pageBytes: Int) -> Entry? {
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 21, let parent = Int(fields[1]), let pages = Int(fields[21]) else {
            return nil
        }
        return Entry(processID: number, parentID: parent, residentBytes: pages * pageBytes)
    }
}

/// The first bytes of a kernel file; nil if it cannot be read.
private func smallFile(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = read(file, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
}

/// The peak resident bytes of a running process, from the kernel's `VmHWM`; nil if it is gone.
func peakMemoryBytes(ofProcess processID: Int) -> Int? {
    let line = smallFile("/proc/\(processID)/status")?.split(separator: "\n")
        .first { $0.hasPrefix("VmHWM:") }
    let kilobytes = line?.split(separator: " ").dropFirst().first ?? ""
    return Int(kilobytes.trimmingPrefix("\t")).map { $0 << 10 }
}
