import FoundationEssentials
import Glibc

/// The fonts in a folder and its subfolders: the only ones that texts are drawn with.
///
/// libass uses fontconfig, whose configuration names this folder alone. So the same folder
/// gives the same frames on every machine, also without a system configuration (Lambda),
/// and the identity of the fonts can be part of a chunk's content address.
struct FontCollection {
    let folder: String

    /// Replacements for a font that is missing, in this order; after them fontconfig takes
    /// the nearest font of the folder. Missing characters are searched in the same order.
    static let fallbacks = ["Lato", "DejaVu Sans", "Symbola"]

    /// The text of a fontconfig configuration (`FONTCONFIG_FILE`).
    func configuration(cacheFolder: String) -> String {
        let families = Self.fallbacks.map { "<string>\($0)</string>" }.joined()
        return """
            <?xml version="1.0"?>
            <!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
            <fontconfig>
              <dir>\(Self.escaped(folder))</dir>
              <cachedir>\(Self.escaped(cacheFolder))</cachedir>
              <match target="pattern">
                <edit name="family" mode="append_last" binding="weak">\(families)</edit>
              </match>
            </fontconfig>

            """
    }

    private static func escaped(_ text: String) -> String {
        text.map { character in
            switch character {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            default: String(character)
            }
        }.joined()
    }

    private static let extensions = [".ttf", ".otf", ".ttc", ".otc", ".pfb"]

    /// One line for each font file: its name, its size and the checksum of the font that
    /// OpenType stores in the table `head` (checkSumAdjustment).
    func identity() -> String {
        let paths = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
        let fonts = paths.filter { path in
            Self.extensions.contains { path.lowercased().hasSuffix($0) }
        }
        return fonts.sorted().map { path in
            let full = "\(folder)/\(path)"
            let name = path.split(separator: "/").last ?? ""
            return "\(name) \(FileSystem.size(of: full)) \(Self.checksum(of: full))"
        }.joined(separator: "\n")
    }

    /// The checksum of an OpenType font; 0 for any other file.
    static func checksum(of path: String) -> UInt32 {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { close(file) }
        var start = 0
        var header = bytes(of: file, at: 0, count: 16)
        if header.starts(with: Array("ttcf".utf8)), header.count == 16 {
            start = Int(number(header[12...]))
            header = bytes(of: file, at: start, count: 12)
        }
        guard header.count >= 12 else { return 0 }
        let count = Int(header[4]) << 8 | Int(header[5])
        let table = bytes(of: file, at: start + 12, count: min(count, 256) * 16)
        for entry in stride(from: 0, to: table.count - 15, by: 16)
        where table[entry..<(entry + 4)].elementsEqual("head".utf8) {
            let head = bytes(of: file, at: Int(number(table[(entry + 8)...])) + 8, count: 4)
            return head.count == 4 ? number(head[...]) : 0
        }
        return 0
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func bytes(of file: Int32, at offset: Int, count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = max(0, pread(file, buffer.baseAddress, count, off_t(offset)))
        }
    }
}
