import CCrypto

/// A running cyclic redundancy check as S3's `x-amz-checksum-*` headers use.
///
/// Table-driven, one byte a step: no Debian library has all three of them.
package struct RunningCRC: Sendable {
    package enum Algorithm: String, Sendable, CaseIterable {
        /// ISO-HDLC, as zlib.
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

        /// Bytes of the result.
        package var byteCount: Int { self == .crc64nvme ? 8 : 4 }
    }

    private static let tables: [Algorithm: [UInt64]] = Dictionary(
        uniqueKeysWithValues: Algorithm.allCases.map { ($0, table($0.polynomial)) })

    private let algorithm: Algorithm
    private let table: [UInt64]
    private var state: UInt64

    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        table = Self.tables[algorithm] ?? Self.table(algorithm.polynomial)
        state = Self.ones(algorithm)
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var state = state
        table.withUnsafeBufferPointer { table in
            for byte in bytes {
                state = table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ (state >> 8)
            }
        }
        self.state = state
    }

    /// The check so far, big-endian, as S3 encodes it.
    package var value: [UInt8] {
        let result = state ^ Self.ones(algorithm)
        return (0..<algorithm.byteCount).reversed().map {
            UInt8(truncatingIfNeeded: result >> (8 * UInt64($0)))
        }
    }

    private static func ones(_ algorithm: Algorithm) -> UInt64 {
        algorithm == .crc64nvme ? .max : 0xFFFF_FFFF
    }

    private static func table(_ polynomial: UInt64) -> [UInt64] {
        (0..<256).map { index in
            (0..<8).reduce(UInt64(index)) { value, _ in
                value & 1 == 1 ? (value >> 1) ^ polynomial : value >> 1
            }
        }
    }
}
