import Crypto
package import ObjectStore
package import WallClock

/// ID of a delivery, `msg_{time}_{digest}`: a function of event, subject and receiver, so that
/// an event that comes twice makes one delivery.
package struct DeliveryID: Hashable, Sendable, CustomStringConvertible {
    /// Text of the ID.
    package let text: String

    /// - Returns: nil if the text is not a delivery ID.
    package init?(_ text: String) {
        guard text.hasPrefix("msg_"), KeySegment.isPlain(text, lengthMax: 64),
            text.split(separator: "_").count == 3
        else { return nil }
        self.text = text
    }

    /// The ID of the delivery of one event to one receiver.
    /// - Parameter occurredAt: Time of the event, the same each time the event is read.
    /// - Parameter receiver: The endpoint's ID, or text that identifies a callback.
    package init(
        event: String, subject: String, receiver: String, owner: OwnerID, occurredAt: UnixTime
    ) {
        let digest = sha256Hex("\(owner.text)\n\(event)\n\(subject)\n\(receiver)").prefix(32)
        text = "msg_\(max(0, occurredAt.milliseconds))_\(digest)"
    }

    /// Time of the event; 0 if the text does not contain it.
    package var time: UnixTime {
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        return UnixTime(milliseconds: parts.count > 1 ? max(0, Int(parts[1]) ?? 0) : 0)
    }

    package var description: String { text }
}

/// Builds and parses the object keys of an owner's deliveries.
package struct DeliveryKeys: Hashable, Sendable {
    /// Owner of the deliveries.
    package let owner: OwnerID

    /// Keys of one owner.
    package init(owner: OwnerID) { self.owner = owner }

    /// Prefix of every delivery record of the owner, newest first.
    package var prefix: String { "deliveries/\(owner.text)/" }

    /// The `DeliveryRecord`.
    package func record(_ id: DeliveryID) -> ObjectKey {
        let age = max(0, Self.millisecondsMax - id.time.milliseconds)
        return ObjectKey("\(prefix)\(Self.digits(age))/\(id.text).json")
    }

    /// The delivery of a record's key, or nil for any other key.
    package static func parseRecord(_ key: ObjectKey) -> (owner: OwnerID, id: DeliveryID)? {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "deliveries", parts[3].hasSuffix(".json"),
            let owner = OwnerID(String(parts[1])),
            let id = DeliveryID(String(parts[3].dropLast(".json".count)))
        else { return nil }
        return (owner, id)
    }

    /// Exists once every delivery of a subject's events is written.
    /// - Parameter subject: ID of an export, asset or batch.
    package func notice(_ subject: String) -> ObjectKey {
        ObjectKey("\(Self.noticesPrefix)\(owner.text)/\(subject)")
    }
    /// Prefix of the owner's notices, in the order of the subjects' IDs.
    package var noticesPrefix: String { "\(Self.noticesPrefix)\(owner.text)/" }
    /// Prefix of every notice.
    package static let noticesPrefix = "notices/"

    /// Upper bound of times, in the year 2286. Keys hold the difference, because listings ascend.
    private static let millisecondsMax = 9_999_999_999_999

    fileprivate static func digits(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 13 - digits.count)) + digits
    }
}

/// Entry of the index of due deliveries, `attempts/{time}/{owner}/{group}/{delivery}`: a listing
/// begins with the earliest. The delivery's record decides; an entry of another time is stale.
package struct DeliveryDue: Hashable, Sendable {
    /// Time of the attempt.
    package var dueAt: UnixTime
    /// Owner of the delivery.
    package var owner: OwnerID
    /// `DeliveryTarget.group`: known without reading the record.
    package var group: String
    /// The delivery.
    package var id: DeliveryID

    /// An entry.
    package init(dueAt: UnixTime, owner: OwnerID, group: String, id: DeliveryID) {
        self.dueAt = dueAt
        self.owner = owner
        self.group = group
        self.id = id
    }

    /// The entry of a key, or nil for any other key.
    package init?(_ key: ObjectKey) {
        let parts = key.text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "attempts", let time = Int(parts[1]),
            let owner = OwnerID(String(parts[2])),
            KeySegment.isPlain(
                String(parts[3]), lengthMax: 64),
            let id = DeliveryID(String(parts[4]))
        else { return nil }
        self.init(
            dueAt: UnixTime(milliseconds: time), owner: owner, group: String(parts[3]), id: id)
    }

    /// The key.
    package var key: ObjectKey {
        let time = DeliveryKeys.digits(max(0, dueAt.milliseconds))
        return ObjectKey("\(Self.prefix)\(time)/\(owner.text)/\(group)/\(id.text)")
    }

    /// Prefix of every entry.
    package static let prefix = "attempts/"
}
