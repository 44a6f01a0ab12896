import Glibc

/// A reader of the boxes of a fragmented mp4 (ISO/IEC 14496-12): positions and decode times
/// of the fragments, which FFmpeg does not report.
enum FragmentedFile {
    private struct Box {
        var type: String
        var start: Int
        var bytes: Int
        /// Bytes before the content: 8, or 16 with a 64-bit size.
        var head: Int
    }

    /// Samples of all fragments; nil if the boxes do not fill the file or it has no fragment.
    static func sampleCount(_ path: String) -> Int? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let boxes = boxes(descriptor, from: 0, to: FileSystem.size(of: path)) else {
            return nil
        }
        var count: Int?
        for (moof, mdat) in zip(boxes, boxes.dropFirst()) where moof.type == "moof" {
            guard mdat.type == "mdat", let samples = sampleCount(descriptor, of: moof) else {
                return nil
            }
            count = (count ?? 0) + samples
        }
        return count
    }

    /// True if the top-level boxes fill the file exactly and one of them is the index.
    static func isWhole(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        let boxes = boxes(descriptor, from: 0, to: FileSystem.size(of: path)) ?? []
        return boxes.contains { $0.type == "moov" }
    }

    /// Samples of the fragment's runs (`moof/traf/trun`).
    private static func sampleCount(_ descriptor: Int32, of moof: Box) -> Int? {
        var count = 0
        for traf in content(descriptor, of: moof) where traf.type == "traf" {
            for run in content(descriptor, of: traf) where run.type == "trun" {
                guard let head = read(descriptor, at: run.start + run.head, count: 8),
                    head.count == 8
                else { return nil }
                count += number(head[4..<8])
            }
        }
        return count
    }

    private static func content(_ descriptor: Int32, of box: Box) -> [Box] {
        boxes(descriptor, from: box.start + box.head, to: box.start + box.bytes) ?? []
    }

    /// Layout of the file; nil if it is not a fragmented mp4.
    static func piece(_ path: String) -> StreamFileIndex? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        return piece(descriptor, FileSystem.size(of: path))
    }

    /// Bytes up to the end of the last whole fragment; nil if there is none.
    ///
    /// The writer may have been ended at any point of the file.
    static func wholeBytes(_ path: String) -> Int? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let size = FileSystem.size(of: path)
        let boxes = boxes(descriptor, from: 0, to: size, isWhole: false) ?? []
        let ends = zip(boxes, boxes.dropFirst()).filter { $0.type == "moof" && $1.type == "mdat" }
        return ends.last.map { $1.start + $1.bytes }
    }

    private static func piece(_ descriptor: Int32, _ size: Int) -> StreamFileIndex? {
        guard let boxes = boxes(descriptor, from: 0, to: size),
            let first = boxes.first(where: { $0.type == "moof" })
        else { return nil }
        var fragments: [StreamFileIndex.Fragment] = []
        for box in boxes where box.start >= first.start {
            if box.type == "moof" {
                guard let start = startTicks(descriptor, of: box) else { return nil }
                fragments.append(StreamFileIndex.Fragment(bytes: box.bytes, startTicks: start))
            } else {
                fragments[fragments.count - 1].bytes += box.bytes
            }
        }
        return StreamFileIndex(initialisationBytes: first.start, fragments: fragments)
    }

    /// `moof/traf/tfdt`: the decode time of the fragment's first sample.
    private static func startTicks(_ descriptor: Int32, of moof: Box) -> Int? {
        func inside(_ box: Box, _ type: String) -> Box? {
            content(descriptor, of: box).first { $0.type == type }
        }
        guard let traf = inside(moof, "traf"), let tfdt = inside(traf, "tfdt"),
            let content = read(descriptor, at: tfdt.start + tfdt.head, count: tfdt.bytes - 8),
            content.count >= 8
        else { return nil }
        // Version 1 has 64 bits.
        return number(content[4..<(content[0] == 1 ? min(12, content.count) : 8)])
    }

    /// The boxes that fill a range of the file exactly; nil if they do not.
    /// - Parameter isWhole: False to accept a truncated last box, which is left out.
    private static func boxes(
        _ descriptor: Int32, from start: Int, to end: Int, isWhole: Bool = true
    ) -> [Box]? {
        var boxes: [Box] = []
        var position = start
        while position < end {
            guard let head = read(descriptor, at: position, count: 16), head.count >= 8 else {
                return isWhole ? nil : boxes
            }
            var bytes = number(head[0..<4])
            var length = 8
            if bytes == 1, head.count == 16 {
                bytes = number(head[8..<16])
                length = 16
            }
            guard bytes >= length, bytes <= end - position else { return isWhole ? nil : boxes }
            boxes.append(
                Box(
                    type: String(decoding: head[4..<8], as: UTF8.self), start: position,
                    bytes: bytes, head: length))
            position += bytes
        }
        return boxes
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> Int {
        // Files of Spool have no times or sizes beyond 62 bits.
        bytes.reduce(0) { ($0 & (Int.max >> 8)) << 8 | Int($1) }
    }

    /// Up to `count` bytes; fewer at the end of the file.
    private static func read(_ descriptor: Int32, at offset: Int, count: Int) -> [UInt8]? {
        guard count > 0 else { return nil }
        let bytes = [UInt8](unsafeUninitializedCapacity: min(count, 64)) { buffer, filled in
            filled = max(0, pread(descriptor, buffer.baseAddress, buffer.count, offset))
        }
        return bytes.isEmpty ? nil : bytes
    }
}
