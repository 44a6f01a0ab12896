package import ObjectStore
package import WallClock

/// Builds and parses the object keys of an owner's endpoints.
package struct WebhookKeys: Hashable, Sendable {
    /// Owner of the endpoints.
    package let owner: OwnerID

    /// Keys of one owner.
    package init(owner: OwnerID) { self.owner = owner }

    private var root: String { "webhooks/\(owner.text)" }

    /// Prefix of the records of all endpoints.
    package var endpointsPrefix: String { "\(root)/endpoints/" }
    /// The `EndpointRecord`.
    package func endpoint(_ id: EndpointID) -> ObjectKey {
        ObjectKey("\(endpointsPrefix)\(id.text).json")
    }
    /// The `EndpointHealth` of the receivers of one group.
    /// - Parameter group: `DeliveryTarget.group`.
    package func health(_ group: String) -> ObjectKey {
        ObjectKey("\(root)/health/\(group).json")
    }
}

/// ID of an endpoint: `ep_` and random text.
package struct EndpointID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil if the text is not an endpoint ID.
    package init?(_ text: String) {
        guard text.hasPrefix("ep_"), KeySegment.isPlain(text, lengthMax: 64) else { return nil }
        self.text = text
    }

    /// - Parameter random: Unguessable text of `a-z 0-9`.
    package init(random: String) { text = "ep_\(random)" }

    package var description: String { text }
}

extension ExportKeys {
    /// Prefix of the lists of exports of every owner.
    package static let recentPrefix = "recent/"
}

extension AssetKeys {
    /// Prefix of the objects of the assets of every owner.
    package static let everyPrefix = "assets/"

    /// Arguments of a listing of the owner's assets that were granted since a time: their IDs
    /// begin with owner and time.
    package static func listing(
        of owner: OwnerID, since time: UnixTime
    ) -> (prefix: String, startAfter: String) {
        let prefix = "\(everyPrefix)\(owner.text)/"
        return (prefix, "\(prefix)\(owner.text)_\(max(0, time.milliseconds))")
    }

    /// The owner and asset of an `asset.json` key, or nil for any other key.
    package init?(recordKey: ObjectKey) {
        let parts = recordKey.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "assets", parts[3] == "asset.json",
            let owner = OwnerID(String(parts[1])), let asset = AssetID(String(parts[2]))
        else { return nil }
        self.init(owner: owner, asset: asset)
    }
}

extension BatchKeys {
    /// The batch of a result's key, or nil for any other key.
    package init?(result key: ObjectKey) {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "batches", parts[2].hasSuffix(".result.json"),
            let owner = OwnerID(String(parts[1])),
            let batch = BatchID(String(parts[2].dropLast(".result.json".count)))
        else { return nil }
        self.init(owner: owner, batch: batch)
    }
}
