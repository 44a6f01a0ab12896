import Jobs
import LambdaRuntime
import Logging
import Notify
import ObjectStore
import WallClock

extension FunctionName {
    /// Makes the attempts that are due.
    package static let deliverWebhooks = FunctionName("deliver-webhooks")
}

/// Makes the attempts that are due, and announces results whose event was lost.
///
/// Once a minute it reads the index of due attempts from its start. Attempts run side by side,
/// at most `groupCountMax` at one receiver.
enum DeliverWebhooks {
    static let function = Function(
        .deliverWebhooks, schedule: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var now: @Sendable () -> UnixTime
        var deliveries: DeliveryServices

        init(_ services: Services) {
            bucket = services.bucket
            now = services.now
            deliveries = services.deliveries
        }
    }

    /// Counts of one run; the response to a direct invoke.
    struct Report: Codable, Hashable, Sendable {
        /// Entries that were due.
        var due = 0
        /// Attempts that were made.
        var attempts = 0
        /// Results that were announced late.
        var announced = 0
    }

    /// Interval of the search for results whose event was lost.
    static let missedResultsMinutes = 5
    /// Attempts at once.
    static let attemptCountMax = 32
    /// Attempts at once at one receiver.
    static let groupCountMax = 8
    /// Largest number of entries that one run reads.
    static let entryCountMax = 20_000
    /// Remaining time below which no attempt starts: longer than one takes.
    static let reserve = DeliveryTime.exchangeMax + .seconds(5)

    /// - Parameter event: The tick; nil for a direct invoke.
    /// - Throws: when the index cannot be listed. An error of one delivery is logged.
    static func handle(
        _ event: ScheduledEvent?, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws -> Report {
        var report = Report()
        if event == nil || dependencies.now().seconds / 60 % missedResultsMinutes == 0 {
            report.announced = try await MissedResults(
                dependencies: dependencies, context: context
            ).announce()
        }
        var queue = DeliveryQueue<DeliveryDue>(groupCountMax: groupCountMax)
        for entry in try await dueEntries(dependencies) {
            queue.append(entry, group: entry.group)
            report.due += 1
        }
        report.attempts = await attempt(&queue, context, dependencies)
        return report
    }

    /// The entries that are due, the oldest first.
    private static func dueEntries(
        _ dependencies: Dependencies
    ) async throws -> [DeliveryDue] {
        var entries: [DeliveryDue] = []
        let now = dependencies.now()
        for try await object in dependencies.bucket.objects(prefix: DeliveryDue.prefix) {
            guard let entry = DeliveryDue(object.key) else { continue }
            guard entry.dueAt <= now, entries.count < entryCountMax else { break }
            entries.append(entry)
        }
        return entries
    }

    /// - Returns: The number of attempts.
    private static func attempt(
        _ queue: inout DeliveryQueue<DeliveryDue>, _ context: InvocationContext,
        _ dependencies: Dependencies
    ) async -> Int {
        await withTaskGroup(of: (group: String, made: Bool).self) { tasks in
            var (running, made) = (0, 0)
            while true {
                let hasTime = context.deadline - dependencies.now() > reserve
                while hasTime, running < attemptCountMax, let (group, entry) = queue.next() {
                    running += 1
                    tasks.addTask {
                        (group, await attempt(entry, context, dependencies))
                    }
                }
                guard let ended = await tasks.next() else { return made }
                running -= 1
                made += ended.made ? 1 : 0
                queue.end(group: ended.group)
            }
        }
    }

    private static func attempt(
        _ entry: DeliveryDue, _ context: InvocationContext, _ dependencies: Dependencies
    ) async -> Bool {
        let ledger = DeliveryLedger(
            bucket: dependencies.bucket, owner: entry.owner, services: dependencies.deliveries,
            now: dependencies.now, logger: context.logger)
        do {
            guard let claim = try await ledger.claim(entry) else { return false }
            try await ledger.attempt(claim)
            return true
        } catch {
            context.logger.error(
                "Delivery failed", ["key": .string(entry.key.text), "error": .string("\(error)")])
            return false
        }
    }
}
