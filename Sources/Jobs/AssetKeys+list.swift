package import ObjectStore
import RenderPlans
package import WallClock

/// The owner's list of assets and the objects that are removed with an asset.
extension AssetKeys {
    /// A kind of asset by which the list is filtered.
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case video, audio, image, captions
    }

    /// Prefix of the asset's uploaded bytes, with the closing slash.
    package var mediaPrefix: String { "\(Self.uploadPrefix(of: owner))\(asset.text)/" }
    /// Its presence stops new exports of the asset: a removal has begun.
    package var removal: ObjectKey { ObjectKey("\(prefix)removal.json") }

    /// Entry in the owner's list of assets, newest first. It contains the file name, so that a
    /// search by name needs the listing alone.
    /// - Parameter kind: The list of that kind; nil for the list of all assets.
    package func listEntry(_ kind: Kind?, fileName: String) -> ObjectKey {
        ObjectKey(
            "\(Self.listPrefix(of: owner, kind))\(NewestFirst.text(of: asset.time))/"
                + "\(asset.text)/\(Self.safeFileName(fileName))")
    }

    /// Prefix of the owner's list of assets.
    /// - Parameter kind: The list of that kind; nil for the list of all assets.
    package static func listPrefix(of owner: OwnerID, _ kind: Kind?) -> String {
        "\(listsPrefix(of: owner))\(kind?.rawValue ?? "all")/"
    }

    /// Prefix of all lists of the owner's assets.
    package static func listsPrefix(of owner: OwnerID) -> String { "asset-list/\(owner.text)/" }

    /// The asset and file name of a list entry, or nil for any other key.
    package static func parseListEntry(
        _ key: ObjectKey
    ) -> (keys: AssetKeys, fileName: Substring)? {
        let parts = key.text.split(separator: "/", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "asset-list", let owner = OwnerID(String(parts[1])),
            NewestFirst.time(of: parts[3]) != nil, let asset = AssetID(String(parts[4]))
        else { return nil }
        return (AssetKeys(owner: owner, asset: asset), parts[5])
    }
}

extension AssetRecord {
    /// The kind by which the asset is listed; nil for a file that is not usable.
    package var listedKind: AssetKeys.Kind? {
        if captions != nil { return .captions }
        return media.flatMap { AssetKeys.Kind(rawValue: $0.kind.rawValue) }
    }
}

/// Marks a removal that has begun: `assets/{owner}/{asset}/removal.json`.
package struct AssetRemovalMark: Hashable, Sendable, Codable {
    /// Version of the record's format.
    package var version: Int = 1
    /// Time of the DELETE.
    package var startedAt: UnixTime

    /// A removal that begins now.
    package init(startedAt: UnixTime) { self.startedAt = startedAt }

    /// True while the removal may still be at work; later it was interrupted.
    package func isAtWork(now: UnixTime) -> Bool { now - startedAt < ProjectDecision.removalTime }

    private enum CodingKeys: String, CodingKey {
        case version, startedAt = "startedAtMilliseconds"
    }
}
