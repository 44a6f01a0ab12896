import Randomness
import Synchronization

/// How often and how late object events are delivered.
///
/// S3 delivers each event at least once and in no order. In disorder, some events come twice
/// and all of them late by a random time; a seed replays the times.
final class DeliveryPlan: Sendable {
    private let generator: Mutex<SeededGenerator?>

    private static let latenessMillisecondsMax: UInt64 = 800

    /// - Parameter seed: nil delivers once, without delay.
    init(seed: UInt64?) { generator = Mutex(seed.map { SeededGenerator(seed: $0) }) }

    /// The delay of each delivery of one event in milliseconds: one or two.
    func delays() -> [Int] {
        generator.withLock { generator in
            guard var numbers = generator else { return [0] }
            defer { generator = numbers }
            return (0...Int(numbers.next() % 2)).map { _ in
                Int(numbers.next() % Self.latenessMillisecondsMax)
            }
        }
    }
}
