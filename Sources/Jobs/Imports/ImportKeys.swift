package import ObjectStore
package import WallClock

/// The requests that import an asset from a URL.
extension AssetKeys {
    /// A turn of the import; its event starts import-url.
    /// - Parameter turn: From 0; a turn that runs out of time requests the next one.
    package func importRequest(_ turn: Int) -> ObjectKey {
        ObjectKey("\(prefix)\(turn).import.json")
    }

    /// The asset and turn of an import request's key, or nil for any other key.
    package static func parseImportRequest(_ key: ObjectKey) -> (keys: AssetKeys, turn: Int)? {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "assets", parts[3].hasSuffix(".import.json"),
            let owner = OwnerID(String(parts[1])), let asset = AssetID(String(parts[2])),
            let turn = Int(parts[3].dropLast(".import.json".count)), turn >= 0
        else { return nil }
        return (AssetKeys(owner: owner, asset: asset), turn)
    }
}

/// A request to import: `assets/{owner}/{asset}/{turn}.import.json`.
package struct ImportRequest: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Turns in a row before this one that fetched nothing.
    package var failures: Int
    /// Time of the request.
    package var requestedAt: UnixTime

    /// Turns in a row without a byte after which an import fails.
    package static let failuresMax = 3

    /// A turn.
    package init(failures: Int, requestedAt: UnixTime) {
        self.failures = failures
        self.requestedAt = requestedAt
    }

    private enum CodingKeys: String, CodingKey {
        case version, failures, requestedAt = "requestedAtMilliseconds"
    }
}
