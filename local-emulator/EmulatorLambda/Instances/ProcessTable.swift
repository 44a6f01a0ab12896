import Glibc

/// All processes of the machine at one moment: who started whom, and how much
/// memory each holds (proc(5), `/proc/PID/stat`).
struct ProcessTable: Sendable {
    private struct Entry {
        var processID: Int
        var parentID: Int
        var residentBytes: Int
    }

    private var children: [Int: [Entry]] = [:]
    private var residentBytes: [Int: Int] = [:]

    /// Reads the kernel's table; that is memory, no disk is waited for.
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

    /// Resident bytes of a process and its descendants; shared pages count once for
    /// each. 0 when it is gone.
    func residentBytes(ofTree processID: Int) -> Int {
        var total = residentBytes[processID] ?? 0
        var open = children[processID] ?? []
        while let entry = open.popLast() {
            total += entry.residentBytes
            open += children[entry.processID] ?? []
        }
        return total
    }

    /// The name in brackets may hold anything, so the fields count from its end:
    /// state, parent, ..., and the resident pages as the twenty-second.
    private static func entry(_ number: Int, _ text: String, pageBytes: Int) -> Entry? {
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        guard fields.count > 21, let parent = Int(fields[1]), let pages = Int(fields[21]) else {
            return nil
        }
        return Entry(processID: number, parentID: parent, residentBytes: pages * pageBytes)
    }
}

/// The start of a file of the kernel's; nil when it cannot be read.
private func smallFile(_ path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var buffer = [UInt8](repeating: 0, count: 4_096)
    let count = read(file, &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
}

/// Largest resident set of a running process, from the kernel's `VmHWM`.
func peakMemoryBytes(ofProcess processID: Int) -> Int? {
    let line = smallFile("/proc/\(processID)/status")?.split(separator: "\n")
        .first { $0.hasPrefix("VmHWM:") }
    let kilobytes = line?.split(separator: " ").dropFirst().first ?? ""
    return Int(kilobytes.trimmingPrefix("\t")).map { $0 << 10 }
}
