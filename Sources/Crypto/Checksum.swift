/// A running cyclic redundancy check as in S3's `x-amz-checksum-*` headers.
///
/// Table-driven, sixteen bytes per step ("slicing"): no Debian library implements
/// all three algorithms.
package struct RunningCRC: Sendable {
    /// The checksums that S3 accepts.
    package enum Algorithm: String, Sendable, CaseIterable {
        /// ISO-HDLC, as in zlib.
        case crc32
        /// Castagnoli.
        case crc32c
        /// NVM Express, reflected.
        case crc64nvme

        /// The reflected polynomial.
        var polynomial: UInt64 {
            switch self {
            case .crc32: 0xEDB8_8320
            case .crc32c: 0x82F6_3B78
            case .crc64nvme: 0x9A6C_9329_AC4B_C9B5
            }
        }

        /// The length of the checksum in bytes.
        package var byteCount: Int { self == .crc64nvme ? 8 : 4 }

        /// The initial state, which is also XORed into the result.
        var ones: UInt64 { self == .crc64nvme ? .max : 0xFFFF_FFFF }
    }

    private let algorithm: Algorithm
    private let tables: SlicingTables
    private var state: UInt64
    /// Bytes covered so far.
    package private(set) var byteCount = 0

    /// Creates a checksum of zero bytes.
    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        tables = SlicingTables.of(algorithm)
        state = algorithm.ones
    }

    /// Restores a checksum that was computed elsewhere.
    /// - Parameter value: Big-endian, of the algorithm's length.
    /// - Returns: nil for another length.
    package init?(_ algorithm: Algorithm, value: [UInt8], byteCount: Int) {
        guard value.count == algorithm.byteCount else { return nil }
        self.init(algorithm)
        state = value.reduce(0) { $0 << 8 | UInt64($1) } ^ algorithm.ones
        self.byteCount = byteCount
    }

    /// Adds bytes to the checksum.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        state = tables.advance(state, over: bytes)
        byteCount += bytes.count
    }

    /// The checksum so far, big-endian, as S3 encodes it.
    package var value: [UInt8] {
        let result = state ^ algorithm.ones
        return (0..<algorithm.byteCount).reversed().map {
            UInt8(truncatingIfNeeded: result >> (8 * UInt64($0)))
        }
    }

    /// Appends the checksum of the bytes that follow, computed with the same
    /// algorithm: joins the checksums of parts into that of the whole.
    package mutating func append(_ next: RunningCRC) {
        precondition(algorithm == next.algorithm, "checks of one kind can be joined")
        // Zero bytes move the state; the rest is linear in their values.
        let moved = CRCShift(algorithm).advance(state ^ algorithm.ones, zeroBytes: next.byteCount)
        state = moved ^ next.state
        byteCount += next.byteCount
    }
}

/// The effect of each of 16 bytes on the state, 256 entries for each position.
private struct SlicingTables: Sendable {
    private static let all: [RunningCRC.Algorithm: SlicingTables] = Dictionary(
        uniqueKeysWithValues: RunningCRC.Algorithm.allCases.map { ($0, SlicingTables($0)) })

    static func of(_ algorithm: RunningCRC.Algorithm) -> SlicingTables {
        all[algorithm] ?? SlicingTables(algorithm)
    }

    /// Entry `256 * n + b`: byte b followed by n zero bytes.
    private let entries: [UInt64]

    private init(_ algorithm: RunningCRC.Algorithm) {
        let polynomial = algorithm.polynomial
        var entries = (0..<256).map { index in
            (0..<8).reduce(UInt64(index)) { value, _ in
                value & 1 == 1 ? (value >> 1) ^ polynomial : value >> 1
            }
        }
        for index in 256..<(16 * 256) {
            let before = entries[index - 256]
            entries.append(entries[Int(before & 0xFF)] ^ (before >> 8))
        }
        self.entries = entries
    }

    func advance(_ start: UInt64, over bytes: UnsafeRawBufferPointer) -> UInt64 {
        entries.withUnsafeBufferPointer { table in
            var state = start
            var position = 0
            while bytes.count - position >= 16 {
                let low =
                    state
                    ^ UInt64(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
                    )
                let high = UInt64(
                    littleEndian: bytes.loadUnaligned(
                        fromByteOffset: position + 8, as: UInt64.self))
                state = Self.fold(low, table, place: 8) ^ Self.fold(high, table, place: 0)
                position += 16
            }
            while position < bytes.count {
                state =
                    table[Int(UInt8(truncatingIfNeeded: state) ^ bytes[position])] ^ (state >> 8)
                position += 1
            }
            return state
        }
    }

    /// The effect of eight bytes that are followed by `place` bytes.
    @inline(__always)
    private static func fold(
        _ word: UInt64, _ table: UnsafeBufferPointer<UInt64>, place: Int
    ) -> UInt64 {
        var result: UInt64 = 0
        for byte in 0..<8 {
            let value = Int(truncatingIfNeeded: (word >> UInt64(8 * byte)) & 0xFF)
            result ^= table[(place + 7 - byte) * 256 + value]
        }
        return result
    }
}

/// Advances a state over zero bytes: a matrix over GF(2), squared for each bit of
/// the count (the method of zlib's `crc32_combine`).
private struct CRCShift {
    /// The effect of one zero byte on each bit of the state.
    private let oneByte: [UInt64]

    init(_ algorithm: RunningCRC.Algorithm) {
        let oneBit = (0..<64).map { $0 == 0 ? algorithm.polynomial : UInt64(1) << UInt64($0 - 1) }
        oneByte = (0..<3).reduce(oneBit) { matrix, _ in Self.squared(matrix) }
    }

    func advance(_ state: UInt64, zeroBytes: Int) -> UInt64 {
        var (state, left, matrix) = (state, zeroBytes, oneByte)
        while left > 0 {
            if left & 1 == 1 { state = Self.product(matrix, state) }
            left >>= 1
            if left > 0 { matrix = Self.squared(matrix) }
        }
        return state
    }

    private static func product(_ matrix: [UInt64], _ vector: UInt64) -> UInt64 {
        var (result, rest): (UInt64, UInt64) = (0, vector)
        while rest != 0 {
            result ^= matrix[rest.trailingZeroBitCount]
            rest &= rest - 1
        }
        return result
    }

    private static func squared(_ matrix: [UInt64]) -> [UInt64] {
        matrix.map { product(matrix, $0) }
    }
}
