package import WallClock

/// A request for variations of several files: `batches/{owner}/{batch}.json`. Never changes.
package struct BatchRecord: Hashable, Sendable, Codable {
    /// A file that is varied.
    package struct File: Hashable, Sendable, Codable {
        /// Text of the `AssetID`.
        package var assetID: String
        /// Name as the caller gave it.
        package var name: String
        /// Size of the file.
        package var bytes: Int
        /// True if the file was uploaded for this batch: it is deleted with the last output.
        package var isUpload: Bool

        /// A file of a batch.
        package init(assetID: String, name: String, bytes: Int, isUpload: Bool) {
            self.assetID = assetID
            self.name = name
            self.bytes = bytes
            self.isUpload = isUpload
        }

        private enum CodingKeys: String, CodingKey {
            case assetID = "assetId", name, bytes, isUpload
        }
    }

    /// One variation of one file.
    package struct Output: Hashable, Sendable {
        /// The export that makes it.
        package var job: JobID
        /// Index in `files`.
        package var file: Int
        /// Number of the variation, from 1.
        package var variation: Int
        /// File name, unique in the batch: `{name of the file}_v{variation}.mp4`.
        package var name: String
    }

    /// Version of the record's format.
    package var version: Int = 1
    /// Text of the `BatchID`.
    package var id: String
    /// Number of variations of each file.
    package var variations: Int
    /// Seed of the random values.
    package var seed: Int
    /// Order among waiting batches.
    package var priority: BatchPriority
    /// The files in the order of the request.
    package var files: [File]
    /// Time of the request.
    package var createdAt: UnixTime
    /// Time after which the results are gone.
    package var expiresAt: UnixTime

    /// Lifetime of the results.
    package static let lifetime = Duration.seconds(86_400)

    /// A new batch.
    package init(
        id: BatchID, files: [File], variations: Int, seed: Int, priority: BatchPriority
    ) {
        self.id = id.text
        self.files = files
        self.variations = variations
        self.seed = seed
        self.priority = priority
        createdAt = id.time
        expiresAt = id.time + Self.lifetime
    }

    private enum CodingKeys: String, CodingKey {
        case version, id, variations, seed, priority, files
        case createdAt = "createdAtMilliseconds", expiresAt = "expiresAtMilliseconds"
    }

    /// Number of outputs: files times variations.
    package var outputCount: Int { files.count * variations }

    /// The outputs in order, all variations of the first file first.
    package var outputs: [Output] {
        guard let batch = BatchID(id) else { return [] }
        var stems: [String: Int] = [:]
        var outputs: [Output] = []
        for (index, file) in files.enumerated() {
            let stem = Self.stem(file.name)
            let repeats = stems[stem, default: 0]
            stems[stem] = repeats + 1
            let unique = repeats == 0 ? stem : "\(stem)_\(repeats + 1)"
            for number in 1...max(1, variations) {
                outputs.append(
                    Output(
                        job: batch.job(at: outputs.count), file: index, variation: number,
                        name: "\(unique)_v\(number).mp4"))
            }
        }
        return outputs
    }

    /// The file name without its extension, safe as a name in an archive.
    private static func stem(_ name: String) -> String {
        let safe = AssetKeys.safeFileName(name)
        guard let dot = safe.lastIndex(of: "."), dot != safe.startIndex else { return safe }
        return String(safe[..<dot])
    }
}

/// Order among the waiting batches of an owner; equals are in the order of their requests.
package enum BatchPriority: String, Hashable, Sendable, Codable, CaseIterable {
    case interactive, normal, background

    /// 0 is first.
    var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// Body of `active/{batch}`: finds the batch and its place among the waiting ones.
package struct BatchMarker: Hashable, Sendable, Codable {
    /// Version of the marker's format.
    package var version: Int = 1
    /// Text of the `OwnerID`.
    package var owner: String
    /// Order among waiting batches.
    package var priority: BatchPriority

    /// The marker of a batch.
    package init(owner: OwnerID, priority: BatchPriority) {
        self.owner = owner.text
        self.priority = priority
    }
}

/// The terminal record of a batch, `batches/{owner}/{batch}.result.json`.
package struct BatchResult: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Complete, failed or cancelled.
    package var state: BatchState
    /// Time of the end.
    package var finishedAt: UnixTime
    /// Number of outputs that were complete at the end.
    package var completeCount: Int
    /// Reason in one sentence if an output failed; nil otherwise.
    package var error: String?

    /// The end of a batch.
    package init(state: BatchState, finishedAt: UnixTime, completeCount: Int, error: String?) {
        self.state = state
        self.finishedAt = finishedAt
        self.completeCount = completeCount
        self.error = error
    }

    private enum CodingKeys: String, CodingKey {
        case version, state, finishedAt = "finishedAtMilliseconds", completeCount, error
    }
}
