import Synchronization

/// The retry allowance shared by all calls of a bucket. It keeps the load on a
/// failing store near that on a healthy one.
///
/// The figures are those of the "standard" retry mode of the AWS clients (AWS
/// SDKs and Tools Reference Guide, "Retry behavior").
final class RetryBudget: Sendable {
    private static let capacity = 500
    /// The cost of a retry in tokens, refunded when the retry succeeds.
    private static let repeatCost = 5
    /// The cost of a retry after a lost response, which may have taken the store
    /// a full timeout.
    private static let lostAnswerCost = 10

    private let tokens = Mutex(capacity)

    /// Takes the cost of a retry from the budget.
    /// - Returns: the tokens taken; nil if too few are left.
    func withdraw(after failure: RetryPolicy.Failure) -> Int? {
        let cost = failure == .transport ? Self.lostAnswerCost : Self.repeatCost
        return tokens.withLock { tokens in
            guard tokens >= cost else { return nil }
            tokens -= cost
            return cost
        }
    }

    /// Refunds the cost of a call that succeeded.
    /// - Parameter spent: Tokens taken for its last retry; 0 without one, which
    ///   adds 1.
    func succeeded(spent: Int) {
        tokens.withLock { $0 = min(Self.capacity, $0 + max(spent, 1)) }
    }
}
