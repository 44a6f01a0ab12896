import Crypto
import FoundationEssentials
import HTTPTransport
import Synchronization

/// The checksum that a store reports for a whole object.
///
/// Source: S3 User Guide, "Checking object integrity". Composite checksums cover
/// the parts' checksums and cannot be compared with the bytes.
struct ObjectChecksum: Sendable {
    enum Kind: Sendable {
        case crc(RunningCRC.Algorithm)
        case digest(RunningDigest.Algorithm)
    }

    /// The header's name, for instance `x-amz-checksum-crc64nvme`.
    var name: String
    var kind: Kind
    private var expected: [UInt8]

    private static let kinds: [(name: String, kind: Kind)] = [
        ("x-amz-checksum-crc64nvme", .crc(.crc64nvme)), ("x-amz-checksum-crc32c", .crc(.crc32c)),
        ("x-amz-checksum-crc32", .crc(.crc32)), ("x-amz-checksum-sha256", .digest(.sha256)),
        ("x-amz-checksum-sha1", .digest(.sha1)),
    ]

    /// Reads the checksum headers.
    /// - Returns: nil if the response has no checksum of the whole object.
    init?(_ response: HTTPResponse) {
        guard response["x-amz-checksum-type"]?.uppercased() != "COMPOSITE" else { return nil }
        for (name, kind) in Self.kinds {
            guard let text = response[name], let value = Data(base64Encoded: text) else { continue }
            (self.name, self.kind, expected) = (name, kind, Array(value))
            return
        }
        return nil
    }

    /// True if the checksum can be computed from those of the object's pieces.
    var isJoinable: Bool {
        if case .crc = kind { true } else { false }
    }

    /// Compares the checksum with that of the received pieces.
    /// - Parameter pieces: Checksums that together cover all bytes, in order.
    func holds(for pieces: [RangeChecksum]) -> Bool {
        guard case .crc(let whole)? = pieces.first else {
            if case .digest(let digest)? = pieces.first { return digest == expected }
            return true
        }
        let joined = pieces.dropFirst().reduce(into: whole) { joined, piece in
            if case .crc(let next) = piece { joined.append(next) }
        }
        return joined.value == expected
    }

    func holds(for bytes: [UInt8]) -> Bool {
        let running = RunningCheck(self)
        bytes.withUnsafeBytes { running.update($0) }
        return holds(for: [running.take()])
    }
}

/// The checksum of one piece.
enum RangeChecksum: Sendable {
    case crc(RunningCRC)
    case digest([UInt8])
}

/// A running check of a piece as it is received.
final class RunningCheck: Sendable {
    private struct State: ~Copyable {
        var crc: RunningCRC?
        var digest: RunningDigest?
    }

    private let kind: ObjectChecksum.Kind
    private let state = Mutex(State())

    init(_ checksum: ObjectChecksum) {
        kind = checksum.kind
        reset()
    }

    @Sendable func update(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { state in
            state.crc?.update(bytes)
            state.digest?.update(bytes)
        }
    }

    /// Restarts the check at zero bytes.
    func reset() {
        state.withLock { state in
            switch kind {
            case .crc(let algorithm): state.crc = RunningCRC(algorithm)
            case .digest(let algorithm): state.digest = RunningDigest(algorithm)
            }
        }
    }

    /// Ends the check and returns its checksum.
    func take() -> RangeChecksum {
        state.withLock { state in
            if let crc = state.crc { return .crc(crc) }
            guard let digest = state.digest.take() else { return .digest([]) }
            return .digest(digest.finish())
        }
    }
}
