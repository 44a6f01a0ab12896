import Synchronization

/// How often and how late object events are delivered.
///
/// S3 promises each event at least once, soon, and in no order. In disorder
/// some come twice and all of them late by a random time, so that what only
/// works in a quiet house fails at home; one seed gives the same times again.
final class DeliveryPlan: Sendable {
    private let state: Mutex<UInt64?>

    private static let latenessMillisecondsMaximum: UInt64 = 800

    /// - Parameter seed: nil delivers once and at once.
    init(seed: UInt64?) { state = Mutex(seed) }

    /// The delay of each delivery of one event in milliseconds: one or two.
    func delays() -> [Int] {
        state.withLock { state in
            guard var seed = state else { return [0] }
            defer { state = seed }
            return (0...Int(Self.next(&seed) % 2)).map { _ in
                Int(Self.next(&seed) % Self.latenessMillisecondsMaximum)
            }
        }
    }

    /// SplitMix64 (Steele, Lea and Flood, 2014).
    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
