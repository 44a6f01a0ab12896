import EditFormats
import Jobs
import JSON
import LambdaRuntime
import Logging
import ObjectStore
import WallClock

/// Observes the facts that `BatchDecision` needs and performs its steps.
struct BatchWork {
    let keys: BatchKeys
    let dependencies: AdvanceBatch.Dependencies
    let context: InvocationContext

    private var bucket: any Bucket { dependencies.bucket }
    private var ledger: BatchLedger {
        BatchLedger(bucket: bucket, keys: keys, now: dependencies.now)
    }

    /// Performs steps until the batch waits for another event.
    func run() async throws {
        var isEnded = false
        repeat {
            let facts = try await observe()
            let actions = BatchDecision.actions(for: facts)
            for action in actions {
                guard try await perform(action, facts) else { return }
            }
            // The end is the one step after which another is due at once.
            isEnded = actions.contains {
                switch $0 {
                case .finish, .cancelExports: true
                default: false
                }
            }
        } while isEnded
    }

    // MARK: Observe

    private func observe() async throws -> BatchObservation {
        let found = try await ledger.status()
        var facts = BatchObservation(
            status: found?.status, hasResult: found?.result != nil, hasTurn: true,
            now: dependencies.now())
        guard let found else { return facts }
        if found.result == nil {
            facts.isStarted = try await bucket.objectExists(keys.started)
            guard !facts.isStarted else { return facts }
            facts.hasTurn = try await hasTurn(found.status)
        } else if found.status.record.files.contains(where: \.isUpload) {
            facts.areUploadsAwaited = try await uploads(found.status).areAwaited()
        }
        return facts
    }

    private func hasTurn(_ status: BatchStatus) async throws -> Bool {
        guard dependencies.limits.concurrency > 0 else { return true }
        var candidates = [
            BatchTurn.Candidate(
                batch: keys.batch, priority: status.record.priority,
                isStarted: status.members.contains(where: \.isWritten))
        ]
        for other in try await others() {
            let started = try await bucket.listObjects(
                prefix: other.keys.exportsPrefix, startAfter: nil, keyCountMax: 1)
            candidates.append(
                BatchTurn.Candidate(
                    batch: other.keys.batch, priority: other.marker.priority,
                    isStarted: !started.objects.isEmpty))
        }
        return BatchTurn.has(
            keys.batch, among: candidates, concurrency: dependencies.limits.concurrency)
    }

    /// The owner's other batches that have no result.
    private func others() async throws -> [(keys: BatchKeys, marker: BatchMarker)] {
        var found: [(keys: BatchKeys, marker: BatchMarker)] = []
        for object in try await bucket.listAllObjects(prefix: BatchKeys.activePrefix) {
            let text = String(object.key.text.dropFirst(ExportKeys.activePrefix.count))
            guard let batch = BatchID(text), batch != keys.batch,
                let marker = try await bucket.document(BatchMarker.self, at: object.key),
                marker.owner == keys.owner.text
            else { continue }
            let other = BatchKeys(owner: keys.owner, batch: batch)
            guard try await !bucket.objectExists(other.result) else { continue }
            found.append((other, marker))
        }
        return found
    }

    private func uploads(_ status: BatchStatus) -> BatchUploads {
        BatchUploads(
            bucket: bucket, keys: keys, record: status.record, now: dependencies.now)
    }

    // MARK: Perform

    /// - Returns: false if the actions after this one must wait.
    private func perform(
        _ action: BatchAction, _ facts: BatchObservation
    ) async throws -> Bool {
        guard let status = facts.status else {
            try await bucket.deleteObject(keys.active)
            return true
        }
        switch action {
        case .writeExports:
            _ = try await bucket.createDocument(["version": 1], at: keys.recent)
            try await writeExports(of: status)
            _ = try await bucket.createDocument(["version": 1], at: keys.started)
        case .cancelExports(let indices):
            let removal = ExportRemoval(bucket: bucket, now: dependencies.now)
            for index in indices {
                _ = try await export(index).cancel()
                // A removal may have deleted the result between the listing and its reading.
                try await removal.cleanUp(export(index).keys)
            }
        case .finish(let result):
            let end = try await ledger.finish(result)
            context.logger.info(
                "Batch ended",
                ["batchId": .string(keys.batch.text), "state": .string(end.state.rawValue)])
        case .requestNext:
            for other in try await others() {
                try await BatchLedger(bucket: bucket, keys: other.keys, now: dependencies.now)
                    .requestAdvance()
            }
        case .deleteUploads:
            return try await uploads(status).delete()
        case .removeMarker:
            try await bucket.deleteObject(keys.active)
        }
        return true
    }

    private func export(_ index: Int) -> ExportLedger {
        ExportLedger(bucket: bucket, keys: keys.export(at: index), now: dependencies.now)
    }

    /// Writes the exports in order; what exists stays. A file that cannot be planned fails
    /// its own outputs alone.
    private func writeExports(of status: BatchStatus) async throws {
        let record = status.record
        let acceptance = ExportAcceptance(
            owner: keys.owner, dependencies: dependencies.starting)
        let variations = try Self.variations(of: record)
        for file in record.files.indices {
            let indices = Array(file * record.variations..<(file + 1) * record.variations)
            guard !indices.allSatisfy({ status.members[$0].state.isTerminal }) else { continue }
            do {
                var planned: [PlannedExport] = []
                for index in indices {
                    planned.append(try await acceptance.planned(variations[index]))
                }
                let jobs = indices.map { keys.batch.job(at: $0) }
                try await acceptance.charges.hold(zip(jobs, planned).map { ($0, $1.plan) })
                _ = try await acceptance.writeTogether(planned, as: jobs) { export, job in
                    try await acceptance.write(
                        export.plan, edit: request(of: export, until: record.expiresAt), job: job,
                        dialect: .refresher,
                        batch: keys)
                }
            } catch let problem as Problem {
                for index in indices { try await export(index).fail(problem.detail) }
            }
        }
    }

    /// The export's request with its retention: the results expire together.
    private func request(of export: PlannedExport, until end: UnixTime) -> JSONValue {
        guard case .object(var fields) = export.request else { return export.request }
        let seconds = (end - dependencies.now()).wholeSeconds
        let range = RetentionPolicy.exportSecondsRange
        let retention = min(max(seconds, range.lowerBound), range.upperBound)
        fields["retention"] = .number(Double(retention))
        return .object(fields)
    }

    /// The edits of all outputs, in order.
    private static func variations(of record: BatchRecord) throws -> [Variations.Variation] {
        let request: JSONValue = [
            "variations": [
                "assets": .array(record.files.map { .string($0.assetID) }),
                "count": .number(Double(record.variations)),
                "seed": .number(Double(record.seed)),
            ]
        ]
        do throws(EditFaults) {
            return try Variations(request: request, freshSeed: 0)?.variations ?? []
        } catch {
            throw Problem.invalid(error.faults)
        }
    }
}
