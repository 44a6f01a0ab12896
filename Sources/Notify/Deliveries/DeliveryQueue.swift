/// Due deliveries in the order in which they start: the oldest first, but at most
/// `groupCountMax` of one receiver at once, so that a slow receiver delays no other.
package struct DeliveryQueue<Entry: Sendable>: Sendable {
    private var waiting: [(group: String, entry: Entry)] = []
    private var running: [String: Int] = [:]
    private let groupCountMax: Int

    /// An empty queue.
    package init(groupCountMax: Int) { self.groupCountMax = groupCountMax }

    /// Adds an entry behind the others.
    package mutating func append(_ entry: Entry, group: String) {
        waiting.append((group, entry))
    }

    /// True if no entry waits.
    package var isEmpty: Bool { waiting.isEmpty }

    /// Starts the oldest entry whose receiver has a place.
    /// - Returns: nil if there is none.
    package mutating func next() -> (group: String, entry: Entry)? {
        let index = waiting.firstIndex { running[$0.group, default: 0] < groupCountMax }
        guard let index else { return nil }
        let found = waiting.remove(at: index)
        running[found.group, default: 0] += 1
        return found
    }

    /// Frees the place of an entry that has ended.
    package mutating func end(group: String) { running[group, default: 1] -= 1 }
}
