import Jobs
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

extension FunctionName {
    /// Announces what has ended.
    package static let notify = FunctionName("notify")
}

/// Announces exports, assets and batches that have ended, and settles the credits of exports.
///
/// Triggered by `exports/**/result.json`, `assets/**/asset.json` and `batches/**.result.json`.
/// Each receiver gets a delivery record and a first attempt; deliver-webhooks makes the others.
enum NotifyFunction {
    static let function = Function(
        .notify, object: { try await handle($0, $1, Dependencies($2)) })

    struct Dependencies: Sendable {
        var bucket: any Bucket
        var now: @Sendable () -> UnixTime
        var deliveries: DeliveryServices
        var credits: CreditServices

        init(_ services: Services) {
            bucket = services.bucket
            now = services.now
            deliveries = services.deliveries
            credits = services.credits
        }
    }

    /// A failure is left to settle-credits: the announcement must not come twice for it.
    private static func settle(
        _ key: ObjectKey, _ context: InvocationContext, _ dependencies: Dependencies
    ) async {
        guard let ledger = dependencies.credits.ledger,
            let (keys, rest) = ExportKeys.parse(key), rest == "result.json"
        else { return }
        do {
            let settlement = CreditSettlement(ledger: ledger, bucket: dependencies.bucket)
            try await settlement.settle(keys)
        } catch {
            context.logger.warning(
                "Credits of an export are settled later",
                ["exportId": .string(keys.job.text), "error": .string("\(error)")])
        }
    }

    /// - Throws: when the store failed. The event comes again, and deliveries that exist stay.
    static func handle(
        _ event: S3Event, _ context: InvocationContext, _ dependencies: Dependencies
    ) async throws {
        for record in event.records {
            guard let subject = AnnouncedSubject(ObjectKey(record.key)) else {
                context.logger.warning(
                    "Event ignored: key is not a result", ["key": .string(record.key)])
                continue
            }
            try await Announcement(
                subject: subject, bucket: dependencies.bucket, services: dependencies.deliveries,
                now: dependencies.now, logger: context.logger
            ).announce()
            await settle(ObjectKey(record.key), context, dependencies)
        }
    }
}
