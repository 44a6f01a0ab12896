import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore

/// Counts a dead letter of render-chunk, stitch-export or derive-asset as a failed attempt, and
/// has the work tried again while attempts are left.
///
/// A function that crashes writes no failure record: without this its work would be requested
/// for as long as the export lives.
struct DeadLetters: Sendable {
    let dependencies: Sweep.Dependencies
    let context: InvocationContext

    init(_ dependencies: Sweep.Dependencies, _ context: InvocationContext) {
        (self.dependencies, self.context) = (dependencies, context)
    }

    private var bucket: any Bucket { dependencies.bucket }

    /// - Throws: When the store failed. The record comes again.
    func handle(_ record: DestinationRecord) async throws {
        let event = try LambdaEvent(decoding: JSONOutput(record.requestPayload).bytes)
        let end = InvocationEnd(record)
        for key in event.objectKeys { try await handle(key, end) }
    }

    private func handle(_ key: ObjectKey, _ end: InvocationEnd) async throws {
        if let (keys, unit) = ExportKeys.parseChunkRequest(key) {
            try await record(end, .unit(unit), of: keys)
            return
        }
        if let keys = ExportKeys.parseStitchRequest(key) {
            return try await record(end, .stitch, of: keys)
        }
        if let keys = AssetKeys(deriveRequestKey: key) { return try await derive(keys, end) }
        context.logger.warning(
            "Dead letter ignored: key is not a request", ["key": .string(key.text)])
    }

    private func record(
        _ end: InvocationEnd, _ subject: FailureSubject, of keys: ExportKeys
    ) async throws {
        let ledger = ExportLedger(bucket: bucket, keys: keys, now: dependencies.now)
        guard try await ledger.result() == nil else { return }
        try await ledger.recordDeadLetter(
            end.mapping, isCrash: end.isCrash, of: subject, context)
        guard case .unit(let unit) = subject, try await ledger.result() != nil else { return }
        try await SharedUnits.release(unit, of: ledger)
    }

    /// Notes a failed attempt at each pending derivative, and requests those again that have
    /// attempts left.
    private func derive(_ keys: AssetKeys, _ end: InvocationEnd) async throws {
        guard let asset = try await bucket.document(AssetRecord.self, at: keys.record) else {
            return
        }
        let present = AssetDerivatives(
            try await bucket.listAllObjects(prefix: keys.prefix), of: asset, keys: keys)
        let derived = DerivedObjects(bucket: bucket, keys: keys, etag: asset.etag)
        var mustRepeat = false
        for (kind, state) in present.states where state == .pending {
            if try await derived.noteFailure(
                of: kind, end.sentence,
                attemptCountMax: end.isCrash
                    ? AttemptDecision.crashCountMax : AttemptDecision.attemptCountMax)
            {
                try await derived.fail(kind, end.sentence)
            } else {
                mustRepeat = true
            }
        }
        if mustRepeat { try await bucket.putDocument(["version": 1], at: keys.deriveRequest) }
    }
}

/// The end of the last attempt of a dead letter.
private struct InvocationEnd {
    /// True if the platform ended the attempt, not the handler: `Runtime.ExitError`,
    /// `Sandbox.Timedout`.
    let isCrash: Bool
    /// One sentence, the export's error.
    let sentence: String

    init(_ record: DestinationRecord) {
        let type = record.responsePayload?["errorType"]?.text ?? ""
        isCrash = ["Runtime.", "Sandbox."].contains { type.hasPrefix($0) }
        let parts = record.requestContext.functionArn.split(separator: ":")
        let name = parts.firstIndex(of: "function").flatMap { parts.dropFirst($0 + 1).first }
        let message =
            record.responsePayload?["errorMessage"]?.text ?? record.requestContext.condition
        sentence = "The function \(name ?? "of the event") ended without a result: \(message)"
    }

    var mapping: FailureMapping { FailureMapping(HandlerFailure.crashed(sentence)) }
}

extension LambdaEvent {
    /// Keys of the objects whose change the event reports; empty for another event.
    fileprivate var objectKeys: [ObjectKey] {
        switch self {
        case .s3(let event): event.records.map { ObjectKey($0.key) }
        case .eventBridge(let event):
            event.objectEvent?.records.map { ObjectKey($0.key) } ?? []
        case .functionURL, .apiGateway, .sqs, .schedule, .direct, .destination: []
        }
    }
}
