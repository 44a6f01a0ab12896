package import ObjectStore
package import WallClock

/// Credits of an export that began while the database was down: `charges/{owner}/{job}.json`.
/// Removed once the ledger has them.
package struct LateCharge: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Credits of the export's estimate.
    package var amount: Int
    /// Length of the output.
    package var outputMilliseconds: Double
    /// Time of the start.
    package var createdAt: UnixTime

    private enum CodingKeys: String, CodingKey {
        case version, amount, outputMilliseconds, createdAt = "createdAtMilliseconds"
    }

    /// A charge.
    package init(amount: Int, output: Duration, createdAt: UnixTime) {
        self.amount = amount
        outputMilliseconds = Double(output.wholeMilliseconds)
        self.createdAt = createdAt
    }

    /// Length of the output.
    package var output: Duration { .milliseconds(Int(max(0, min(outputMilliseconds, 1e12)))) }

    /// The key.
    package static func key(_ keys: ExportKeys) -> ObjectKey {
        ObjectKey("\(prefix)\(keys.owner.text)/\(keys.job.text).json")
    }

    /// The export of a key; nil for any other key.
    package static func export(_ key: ObjectKey) -> ExportKeys? {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "charges", parts[2].hasSuffix(".json"),
            let owner = OwnerID(String(parts[1])),
            let job = JobID(String(parts[2].dropLast(".json".count)))
        else { return nil }
        return ExportKeys(owner: owner, job: job)
    }

    /// Prefix of every charge.
    package static let prefix = "charges/"
}
