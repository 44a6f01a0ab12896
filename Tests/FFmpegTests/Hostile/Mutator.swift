import Randomness

/// Damages files in the ways that have broken parsers: flipped bits, extreme numbers, lost, moved
/// and repeated blocks, early ends, parts of other files, and names of files and addresses.
struct Mutator {
    private var random: SeededGenerator
    /// Texts that a parser could take for a file or an address to open.
    private let names: [String]

    init(seed: UInt64, names: [String]) {
        random = SeededGenerator(seed: seed)
        self.names = names
    }

    private mutating func below(_ limit: Int) -> Int {
        Int.random(in: 0..<max(1, limit), using: &random)
    }

    /// The file with one to eight faults.
    /// - Parameter other: A file to take parts from.
    mutating func mutate(_ file: [UInt8], with other: [UInt8]) -> [UInt8] {
        var bytes = file
        for _ in 0...below(8) {
            guard bytes.count > 8 else { return bytes }
            change(&bytes, other)
        }
        return bytes
    }

    /// A place in the file, half the time among its first kilobytes, where the headers are.
    private mutating func place(_ bytes: [UInt8]) -> Int {
        below(2) == 0 ? below(min(bytes.count, 4_096)) : below(bytes.count)
    }

    private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
        let at = place(bytes)
        let length = min(1 + below(1 << below(12)), bytes.count - at)
        switch below(10) {
        case 0, 1: bytes[at] ^= 1 << UInt8(below(8))
        case 2: bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][below(5)]
        case 3, 4: putNumber(&bytes, at)
        case 5: bytes.removeSubrange(at..<(at + length))
        case 6: bytes.insert(contentsOf: bytes[at..<(at + length)], at: place(bytes))
        case 7: bytes.removeSubrange(at...)
        case 8:
            let from = below(other.count)
            let part = other[from..<min(other.count, from + length)]
            bytes.replaceSubrange(at..<min(bytes.count, at + part.count), with: part)
        default:
            let name = Array(names[below(names.count)].utf8)
            bytes.replaceSubrange(at..<min(bytes.count, at + name.count), with: name)
        }
    }

    /// Writes an extreme number of 2, 4 or 8 bytes, in either order.
    private mutating func putNumber(_ bytes: inout [UInt8], _ at: Int) {
        let size = [2, 4, 8][below(3)]
        guard at + size <= bytes.count else { return }
        let extremes: [UInt64] = [
            0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, .max, 1 << 63,
            UInt64(bytes.count), UInt64(bytes.count) &* 2, random.next(),
        ]
        let value = extremes[below(extremes.count)]
        let isBig = below(2) == 0
        for index in 0..<size {
            let shift = UInt64(8 * (isBig ? size - 1 - index : index))
            bytes[at + index] = UInt8(truncatingIfNeeded: value >> shift)
        }
    }
}
