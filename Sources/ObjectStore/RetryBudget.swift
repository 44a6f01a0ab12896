import Synchronization

/// What all calls of a bucket may spend on repeats, so that a store in trouble
/// is not asked several times as much as one that is well.
///
/// The figures are those of the "standard" retry mode of AWS's own clients (AWS
/// SDKs and Tools Reference Guide, "Retry behavior").
final class RetryBudget: Sendable {
    private static let capacity = 500
    /// A repeat costs this much, and gets it back when it goes through.
    private static let repeatCost = 5
    /// One after a lost answer may have cost the store a whole time limit.
    private static let lostAnswerCost = 10

    private let tokens = Mutex(capacity)

    /// - Returns: what the repeat costs; nil when there is too little left.
    func withdraw(after failure: RetryPolicy.Failure) -> Int? {
        let cost = failure == .transport ? Self.lostAnswerCost : Self.repeatCost
        return tokens.withLock { tokens in
            guard tokens >= cost else { return nil }
            tokens -= cost
            return cost
        }
    }

    /// A call went through.
    /// - Parameter spent: What its last repeat had cost; 0 without one.
    func succeeded(spent: Int) {
        tokens.withLock { $0 = min(Self.capacity, $0 + max(spent, 1)) }
    }
}
