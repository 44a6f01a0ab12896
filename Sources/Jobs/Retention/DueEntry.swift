package import ObjectStore
package import WallClock

/// An entry in the index of what is due: `due/{time}/{owner}/{kind}/{id}`.
///
/// The time comes first, so that one listing from its start finds everything that is due and
/// stops at the first later entry. Its object is empty: the key says it all.
package struct DueEntry: Hashable, Sendable {
    /// Subject of an entry.
    package enum Subject: Hashable, Sendable {
        /// The export is to be removed, or its removal is to be finished.
        case export(JobID)
        /// The asset is to be removed unless an export reads it.
        case asset(AssetID)
        /// The grant of an upload has expired: without its bytes it was abandoned.
        case upload(AssetID)
        /// Everything of the owner is to be removed.
        case everything
    }

    /// Time at which the entry is due.
    package var time: UnixTime
    /// Owner of the subject.
    package var owner: OwnerID
    /// The entry's subject.
    package var subject: Subject

    /// An entry that is due at `time`; negative times count as 0.
    package init(at time: UnixTime, owner: OwnerID, _ subject: Subject) {
        self.time = UnixTime(milliseconds: min(max(0, time.milliseconds), Self.millisecondsMax))
        self.owner = owner
        self.subject = subject
    }

    /// Prefix of every entry.
    package static let prefix = "due/"

    /// Key of the entry; keys are in the order of their times.
    package var key: ObjectKey {
        let digits = String(time.milliseconds)
        let zeros = String(repeating: "0", count: Self.digitCount - digits.count)
        let name =
            switch subject {
            case .export(let job): "export/\(job.text)"
            case .asset(let asset): "asset/\(asset.text)"
            case .upload(let asset): "upload/\(asset.text)"
            case .everything: "owner/all"
            }
        return ObjectKey("\(Self.prefix)\(zeros)\(digits)/\(owner.text)/\(name)")
    }

    /// The entry of a key, or nil for any other key.
    package init?(_ key: ObjectKey) {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, "\(parts[0])/" == Self.prefix, parts[1].count == Self.digitCount,
            let milliseconds = Int(parts[1]), milliseconds >= 0,
            let owner = OwnerID(String(parts[2])),
            let subject = Self.subject(parts[3], String(parts[4]))
        else { return nil }
        time = UnixTime(milliseconds: milliseconds)
        self.owner = owner
        self.subject = subject
    }

    private static func subject(_ kind: Substring, _ id: String) -> Subject? {
        switch kind {
        case "export": JobID(id).map(Subject.export)
        case "asset": AssetID(id).map(Subject.asset)
        case "upload": AssetID(id).map(Subject.upload)
        case "owner" where id == "all": .everything
        default: nil
        }
    }

    private static let digitCount = 13
    /// In the year 2286.
    private static let millisecondsMax = 9_999_999_999_999
}
