package import ObjectStore
import WallClock

/// Builds and parses every object key of one batch.
package struct BatchKeys: Hashable, Sendable {
    /// Owner of the batch.
    package let owner: OwnerID
    /// The batch.
    package let batch: BatchID

    /// Keys of one batch.
    package init(owner: OwnerID, batch: BatchID) {
        self.owner = owner
        self.batch = batch
    }

    private var root: String { "batches/\(owner.text)/\(batch.text)" }

    /// The immutable `BatchRecord`.
    package var record: ObjectKey { ObjectKey("\(root).json") }
    /// Its event starts advance-batch.
    package var advanceRequest: ObjectKey { ObjectKey("\(root)\(Self.advanceSuffix)") }
    /// The one terminal record, a `BatchResult`, written with `If-None-Match: *`.
    package var result: ObjectKey { ObjectKey("\(root).result.json") }
    /// Exists once every export of the batch is written with all its requests.
    package var started: ObjectKey { ObjectKey("\(root).started.json") }
    /// The `BatchMarker` of a batch that has work left. The sweep lists these markers.
    package var active: ObjectKey { ObjectKey("\(ExportKeys.activePrefix)\(batch.text)") }
    /// Prefix of every `active` key of a batch.
    package static let activePrefix = "\(ExportKeys.activePrefix)batch_"
    /// Entry in the owner's list, newest first.
    package var recent: ObjectKey { RecentEntry.batch(self).key }

    /// Every key of the batch but those of its exports; the record is last.
    package var all: [ObjectKey] {
        [active, advanceRequest, started, result, recent, record]
    }

    /// Prefix of all objects of all exports of the batch.
    package var exportsPrefix: String {
        "exports/\(owner.text)/job_\(batch.time.milliseconds)_\(batch.random)"
    }

    /// Keys of the export of an output.
    /// - Parameter index: Position of the output in the batch.
    package func export(at index: Int) -> ExportKeys {
        ExportKeys(owner: owner, job: batch.job(at: index))
    }

    /// Entry of an output's export in the owner's list.
    package func recent(of export: ExportKeys) -> ObjectKey {
        RecentEntry.output(export, self).key
    }

    /// The batch of an advance request's key, or nil for any other key.
    package init?(advanceRequest key: ObjectKey) {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "batches", parts[2].hasSuffix(Self.advanceSuffix),
            let owner = OwnerID(String(parts[1])),
            let batch = BatchID(String(parts[2].dropLast(Self.advanceSuffix.count)))
        else { return nil }
        self.init(owner: owner, batch: batch)
    }

    private static let advanceSuffix = ".advance.json"
}

/// Object keys of password sessions.
package enum SessionKeys {
    /// The secret that signs an owner's session tokens.
    package static func secret(of owner: OwnerID) -> ObjectKey {
        ObjectKey("secrets/\(owner.text)/sessions.json")
    }
}
