import Crypto
package import WallClock

/// Owner of objects: the second path segment of every key.
///
/// One to 64 of `a-z 0-9 - _`, valid in a key, a file name and a log line without escaping.
package struct OwnerID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil if the text is not of that form.
    package init?(_ text: String) {
        guard KeySegment.isPlain(text, lengthMax: 64) else { return nil }
        self.text = text
    }

    package var description: String { text }

    /// The one owner of a deployment without tokens.
    package static let local = OwnerID(unchecked: "local")

    private init(unchecked text: String) { self.text = text }
}

/// ID of an uploaded file: owner, time and random text.
package struct AssetID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil if the text is not an asset ID.
    package init?(_ text: String) {
        guard KeySegment.isPlain(text, lengthMax: 128) else { return nil }
        self.text = text
    }

    /// - Parameter random: Unguessable text of `a-z 0-9`.
    package init(owner: OwnerID, time: UnixTime, random: String) {
        text = "\(owner.text)_\(time.milliseconds)_\(random)"
    }

    /// Creation time of the asset; 0 if the text does not contain it.
    package var time: UnixTime {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        let digits = parts.count > 2 ? Int(parts[parts.count - 2]) : nil
        return UnixTime(milliseconds: max(0, digits ?? 0))
    }

    package var description: String { text }
}

/// ID of an export: `job_{time}_{random}`.
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil if the text is not a job ID.
    package init?(_ text: String) {
        guard text.hasPrefix("job_"), KeySegment.isPlain(text, lengthMax: 64) else {
            return nil
        }
        self.text = text
    }

    /// - Parameter random: Unguessable text of `a-z 0-9`.
    package init(time: UnixTime, random: String) {
        text = "job_\(time.milliseconds)_\(random)"
    }

    /// The internal export that makes the proxy of an upload; always the same for that upload.
    /// - Parameter time: Time at which the upload was granted.
    package init(proxyOf asset: AssetID, etag: String, time: UnixTime) {
        let digest = sha256Hex("\(asset.text) \(etag)").prefix(24)
        text = "job_\(time.milliseconds)\(Self.internalMark)\(digest)"
    }

    private static let internalMark = "_proxy-"

    /// True for an export that derive-asset started: its output is an asset's proxy, and no
    /// list, webhook or count of the owner's exports includes it.
    package var isInternal: Bool { text.contains(Self.internalMark) }

    /// Creation time of the job; 0 if the text does not contain it.
    package var time: UnixTime {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        return UnixTime(milliseconds: parts.count > 1 ? max(0, Int(parts[1]) ?? 0) : 0)
    }

    package var description: String { text }
}

/// ID of a saved project: `prj_{time}_{random}`, or any plain ID that a client chose.
package struct ProjectID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil unless the text is one to 64 of `a-z 0-9 - _`.
    package init?(_ text: String) {
        guard KeySegment.isPlain(text, lengthMax: 64) else { return nil }
        self.text = text
    }

    /// - Parameter random: Unguessable text of `a-z 0-9`.
    package init(time: UnixTime, random: String) {
        text = "prj_\(time.milliseconds)_\(random)"
    }

    package var description: String { text }
}

/// ID of a batch of exports: `batch_{time}_{random}`.
package struct BatchID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil if the text is not a batch ID.
    package init?(_ text: String) {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "batch", Int(parts[1]) != nil, !parts[2].isEmpty,
            KeySegment.isPlain(text, lengthMax: 60)
        else { return nil }
        self.text = text
    }

    /// - Parameter random: Unguessable text of `a-z 0-9`.
    package init(time: UnixTime, random: String) {
        text = "batch_\(time.milliseconds)_\(random)"
    }

    /// Creation time of the batch.
    package var time: UnixTime {
        UnixTime(milliseconds: max(0, Int(text.split(separator: "_")[1]) ?? 0))
    }

    /// ID of an output's export: the batch's time and random text, then three digits.
    ///
    /// All exports of a batch have one prefix, so one listing shows them.
    /// - Parameter index: Position of the output in the batch, 0 to 999.
    package func job(at index: Int) -> JobID {
        JobID(time: time, random: "\(random)\(index / 100)\(index / 10 % 10)\(index % 10)")
    }

    /// The text after the time.
    var random: Substring { text.split(separator: "_")[2] }

    package var description: String { text }
}

/// Characters that a key's segment can have without escaping.
enum KeySegment {
    static func isPlain(_ text: String, lengthMax: Int) -> Bool {
        let bytes = text.utf8
        return !bytes.isEmpty && bytes.count <= lengthMax
            && bytes.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
