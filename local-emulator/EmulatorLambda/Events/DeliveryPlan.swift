import Randomness
import Synchronization

/// The number and delay of deliveries of object events.
///
/// S3 delivers each event at least once and in any order. With a seed, some
/// events are delivered twice and all after a random delay; the same seed gives
/// the same delays.
final class DeliveryPlan: Sendable {
    private let generator: Mutex<SeededGenerator?>

    private static let latenessMillisecondsMax: UInt64 = 800

    /// - Parameter seed: nil delivers each event once, without delay.
    init(seed: UInt64?) { generator = Mutex(seed.map { SeededGenerator(seed: $0) }) }

    /// Returns the delay of each delivery of one event: one or two values.
    func delays() -> [Duration] {
        generator.withLock { generator in
            guard var numbers = generator else { return [.zero] }
            defer { generator = numbers }
            return (0...Int(numbers.next() % 2)).map { _ in
                .milliseconds(Int64(numbers.next() % Self.latenessMillisecondsMax))
            }
        }
    }
}
