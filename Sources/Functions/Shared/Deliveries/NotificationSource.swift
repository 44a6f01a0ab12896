import Jobs
import JSON
import Notify
import ObjectStore
import WallClock

/// Builds events from results.
struct NotificationSource: Sendable {
    let bucket: any Bucket

    /// Lifetime of the download URL in a notification: longer than all attempts.
    private static let downloadLifetime = Duration.seconds(2 * 86_400)

    /// The event of a subject; nil if its result does not exist, or ends nothing worth an event.
    func event(of subject: AnnouncedSubject) async throws -> NotificationEvent? {
        switch subject {
        case .export(let keys): try await event(ofExport: keys)
        case .asset(let keys): try await event(ofAsset: keys)
        case .batch(let keys): try await event(ofBatch: keys)
        }
    }

    private func event(ofExport keys: ExportKeys) async throws -> NotificationEvent? {
        // The owner did not start the export that makes a proxy.
        guard !keys.job.isInternal,
            let result = try await bucket.document(ExportResult.self, at: keys.result)
        else { return nil }
        var data: [String: JSONValue] = [
            "jobId": .string(keys.job.text), "status": .string(result.outcome.rawValue),
            "finishedAt": .string(result.finishedAt.rfc3339),
        ]
        if let error = result.error { data["error"] = .string(error) }
        if let output = result.output {
            let url = try await bucket.presignedURL(
                .get(ObjectKey(output.key), downloadName: nil),
                expiresIn: Self.downloadLifetime, audience: .client)
            data["output"] = [
                "bytes": .integer(output.bytes), "contentType": .string(output.contentType),
                "frames": .integer(output.frames),
                "durationSeconds": .number(output.durationSeconds), "downloadUrl": .string(url),
            ]
        }
        let type: EventType =
            switch result.outcome {
            case .completed: .exportCompleted
            case .failed: .exportFailed
            case .cancelled: .exportCancelled
            }
        return NotificationEvent(
            type: type, subject: keys.job.text, occurredAt: result.finishedAt, data: data)
    }

    private func event(ofAsset keys: AssetKeys) async throws -> NotificationEvent? {
        guard let record = try await bucket.document(AssetRecord.self, at: keys.record) else {
            return nil
        }
        var data: [String: JSONValue] = [
            "assetId": .string(record.id), "status": .string(record.status.rawValue),
            "fileName": .string(record.fileName), "contentType": .string(record.contentType),
            "bytes": .integer(record.bytes),
        ]
        if let error = record.error { data["error"] = .string(error) }
        return NotificationEvent(
            type: record.status == .ready ? .assetReady : .assetFailed, subject: record.id,
            occurredAt: record.createdAt, data: data)
    }

    /// A batch is complete in any end but a cancellation: `status` tells complete from failed.
    private func event(ofBatch keys: BatchKeys) async throws -> NotificationEvent? {
        guard let result = try await bucket.document(BatchResult.self, at: keys.result),
            result.state != .cancelled
        else { return nil }
        var data: [String: JSONValue] = [
            "batchId": .string(keys.batch.text), "status": .string(result.state.rawValue),
            "completeCount": .integer(result.completeCount),
            "finishedAt": .string(result.finishedAt.rfc3339),
        ]
        if let error = result.error { data["error"] = .string(error) }
        return NotificationEvent(
            type: .batchCompleted, subject: keys.batch.text, occurredAt: result.finishedAt,
            data: data)
    }
}
