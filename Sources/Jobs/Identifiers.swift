package import WallClock

/// Whose objects these are: the second path segment of every key.
///
/// One to 64 of `a-z 0-9 - _`, so that it can stand in a key, a file name and
/// a log line as it is.
package struct OwnerID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil when the text is not of the form above.
    package init?(_ text: String) {
        guard KeySegment.isPlain(text, lengthMax: 64) else { return nil }
        self.text = text
    }

    package var description: String { text }

    /// The one owner of a deployment without tokens.
    package static let local = OwnerID(unchecked: "local")

    private init(unchecked text: String) { self.text = text }
}

/// One uploaded file: owner, time and random text (requirement CF-29).
package struct AssetID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil when the text cannot be one of ours.
    package init?(_ text: String) {
        guard KeySegment.isPlain(text, lengthMax: 128) else { return nil }
        self.text = text
    }

    /// - Parameter random: Unguessable text of `a-z 0-9`.
    package init(owner: OwnerID, time: UnixTime, random: String) {
        text = "\(owner.text)_\(time.milliseconds)_\(random)"
    }

    package var description: String { text }
}

/// One export: `job_{time}_{random}` (requirement CF-38).
package struct JobID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil when the text cannot be one of ours.
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

    /// Time at which the job was made; the start of 1970 where the text names none.
    package var time: UnixTime {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        return UnixTime(milliseconds: parts.count > 1 ? max(0, Int(parts[1]) ?? 0) : 0)
    }

    package var description: String { text }
}

/// What may stand between two slashes of a key without escaping.
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
