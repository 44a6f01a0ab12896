import Crypto
import WallClock

/// Writes a ZIP archive as a stream. Entries are stored uncompressed, since media does not
/// compress; only the list of entries is kept in memory.
///
/// A file's CRC is known only after its bytes, so it follows in a data descriptor. Sizes
/// are also in the local header, for readers that do not seek.
/// Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3 (ZIP64).
struct ZipArchive {
    /// One file of the archive.
    struct Entry: Sendable, Hashable {
        /// UTF-8, at most 65,535 bytes; no `/` at its start, no `..`.
        var name: String
        var bytes: Int
        /// Time of modification; ZIP keeps even seconds from 1980.
        var modified: UnixTime
    }

    private struct Written {
        var entry: Entry
        var offset: Int
        var check: [UInt8]
    }

    private var written: [Written] = []
    private var open: (entry: Entry, offset: Int, check: RunningCRC)?
    /// Bytes of the archive so far.
    private(set) var bytes = 0

    /// - Returns: the local header.
    mutating func begin(_ entry: Entry) -> [UInt8] {
        precondition(open == nil, "one entry after the other")
        open = (entry, bytes, RunningCRC(.crc32))
        var header = Fields()
        header.number(0x0403_4B50, 4)
        header.common(entry, check: [0, 0, 0, 0])
        if entry.isLarge {
            header.number(1, 2)
            header.number(16, 2)
            header.number(entry.bytes, 8)
            header.number(entry.bytes, 8)
        }
        bytes += header.bytes.count
        return header.bytes
    }

    /// Counts the file's next bytes, which the caller writes to the archive.
    mutating func note(_ piece: [UInt8]) {
        piece.withUnsafeBytes { open?.check.update($0) }
        bytes += piece.count
    }

    /// - Returns: the data descriptor.
    mutating func end() -> [UInt8] {
        guard let (entry, offset, check) = open else { return [] }
        open = nil
        let value = Array(check.value.reversed())
        written.append(Written(entry: entry, offset: offset, check: value))
        var descriptor = Fields()
        descriptor.number(0x0807_4B50, 4)
        descriptor.bytes += value
        let width = entry.isLarge ? 8 : 4
        descriptor.number(entry.bytes, width)
        descriptor.number(entry.bytes, width)
        bytes += descriptor.bytes.count
        return descriptor.bytes
    }

    /// - Returns: the central directory, the end of the archive.
    func directory() -> [UInt8] {
        var fields = Fields()
        for one in written { fields.directoryEntry(one.entry, one.offset, one.check) }
        let size = fields.bytes.count
        let limit = 0xFFFF_FFFF
        let isLarge = bytes >= limit || size >= limit || written.count >= 0xFFFF
        if isLarge { fields.largeEnd(count: written.count, size: size, offset: bytes) }
        fields.number(0x0605_4B50, 4)
        fields.number(0, 4)
        fields.number(min(written.count, 0xFFFF), 2)
        fields.number(min(written.count, 0xFFFF), 2)
        fields.number(min(size, limit), 4)
        fields.number(min(bytes, limit), 4)
        fields.number(0, 2)
        return fields.bytes
    }
}

extension ZipArchive.Entry {
    /// True if the size needs ZIP64.
    fileprivate var isLarge: Bool { bytes >= 0xFFFF_FFFF }
}

/// A sequence of little-endian numbers.
private struct Fields {
    var bytes: [UInt8] = []

    mutating func number(_ value: Int, _ width: Int) {
        for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
    }

    /// Fields shared by a local header and a directory entry, up to the name.
    mutating func common(_ entry: ZipArchive.Entry, check: [UInt8], extra: Int? = nil) {
        number(entry.isLarge ? 45 : 20, 2)
        // A descriptor follows; the name is UTF-8.
        number(1 << 3 | 1 << 11, 2)
        number(0, 2)
        let (time, date) = entry.modified.dos
        number(time, 2)
        number(date, 2)
        bytes += check
        let size = entry.isLarge ? 0xFFFF_FFFF : entry.bytes
        number(size, 4)
        number(size, 4)
        number(entry.name.utf8.count, 2)
        number(extra ?? (entry.isLarge ? 20 : 0), 2)
        if extra == nil { bytes += entry.name.utf8 }
    }

    mutating func directoryEntry(_ entry: ZipArchive.Entry, _ offset: Int, _ check: [UInt8]) {
        let isFar = offset >= 0xFFFF_FFFF
        let large = (entry.isLarge ? [entry.bytes, entry.bytes] : []) + (isFar ? [offset] : [])
        number(0x0201_4B50, 4)
        // Made on Unix, so the permissions below are Unix's.
        number(3 << 8 | 45, 2)
        common(entry, check: check, extra: large.isEmpty ? 0 : 4 + 8 * large.count)
        number(0, 2)
        number(0, 2)
        number(0, 2)
        number(0o100644 << 16, 4)
        number(isFar ? 0xFFFF_FFFF : offset, 4)
        bytes += entry.name.utf8
        guard !large.isEmpty else { return }
        number(1, 2)
        number(8 * large.count, 2)
        for value in large { number(value, 8) }
    }

    mutating func largeEnd(count: Int, size: Int, offset: Int) {
        number(0x0606_4B50, 4)
        number(44, 8)
        number(3 << 8 | 45, 2)
        number(45, 2)
        number(0, 8)
        number(count, 8)
        number(count, 8)
        number(size, 8)
        number(offset, 8)
        number(0x0706_4B50, 4)
        number(0, 4)
        number(offset + size, 8)
        number(1, 4)
    }
}
