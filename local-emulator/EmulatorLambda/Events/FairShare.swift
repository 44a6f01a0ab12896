/// The shares of the owners whose invocations wait for one function. Pure.
///
/// Start-time fair queueing (Goyal, Vin and Cheng, 1996): each owner has a tag, the work it
/// received so far in seconds; the owner with the lowest tag is next. Work is charged by an
/// estimate at the start and by the measured time at the end, so a share is of work and not of
/// requests. An owner that returns begins at the present tag: unused shares are not saved up.
struct FairShare: Hashable, Sendable {
    /// Work that is assumed of an owner's first invocation, in seconds.
    static let firstEstimate = 1.0

    private var now = 0.0
    private var tags: [String: Double] = [:]
    private var estimates: [String: Double] = [:]
    private var running: [String: Int] = [:]
    /// Owners that are remembered without running work; above it the past ones are dropped.
    private static let rememberedCountMax = 1_000

    /// The tag at which the owner's next invocation starts.
    func tag(of owner: String) -> Double { max(now, tags[owner] ?? 0) }

    /// Number of the owner's invocations that run.
    func runningCount(of owner: String) -> Int { running[owner] ?? 0 }

    /// The owners in the order of their turns; equal tags in the order given.
    func inTurn(_ owners: [String]) -> [String] {
        owners.enumerated().sorted { left, right in
            (tag(of: left.element), left.offset) < (tag(of: right.element), right.offset)
        }.map(\.element)
    }

    /// Charges an invocation that starts.
    /// - Returns: the estimate, for `end`.
    mutating func start(_ owner: String) -> Double {
        let estimate = estimates[owner] ?? Self.firstEstimate
        let tag = tag(of: owner)
        now = tag
        tags[owner] = tag + estimate
        running[owner, default: 0] += 1
        return estimate
    }

    /// Corrects the charge of an invocation that ended.
    /// - Parameters:
    ///   - estimate: The result of its `start`.
    ///   - seconds: The time it took.
    mutating func end(_ owner: String, estimate: Double, seconds: Double) {
        tags[owner, default: now] += seconds - estimate
        estimates[owner] = seconds
        running[owner, default: 1] -= 1
        if running[owner] == 0 { running[owner] = nil }
        guard tags.count > Self.rememberedCountMax else { return }
        tags = tags.filter { $0.value > now || running[$0.key] != nil }
        estimates = estimates.filter { tags[$0.key] != nil }
    }
}

/// Decides which waiting invocation of a function starts next. Pure.
struct TurnDecision: Hashable, Sendable {
    /// A waiting invocation that is due.
    struct Candidate: Hashable, Sendable {
        var id: Int
        var place: QueuePlace
    }

    /// Invocations of the function that may run at once.
    var capacity: Int
    /// Invocations that run.
    var runningCount: Int

    /// Places beyond the capacity for short work of an owner that runs nothing, while others hold
    /// all places: running work is not interrupted, so a turn alone could come late.
    static let guestCountMax = 1

    /// True if nothing can start.
    var isFull: Bool { runningCount >= capacity + Self.guestCountMax }

    /// True if only a guest can start.
    var admitsGuestsOnly: Bool { runningCount >= capacity }

    /// The next invocation; nil if none may start.
    /// - Parameter candidates: Earliest due time first.
    func next(among candidates: [Candidate], _ share: FairShare) -> Candidate? {
        guard !isFull else { return nil }
        var best: (candidate: Candidate, tag: Double)?
        for candidate in candidates {
            let owner = candidate.place.owner
            if admitsGuestsOnly, candidate.place.isLong || share.runningCount(of: owner) > 0 {
                continue
            }
            let tag = share.tag(of: owner)
            let isBetter = best.map { best in
                best.candidate.place.owner == owner
                    ? best.candidate.place.isLong && !candidate.place.isLong
                    : tag < best.tag
            }
            if isBetter ?? true { best = (candidate, tag) }
        }
        return best?.candidate
    }
}
