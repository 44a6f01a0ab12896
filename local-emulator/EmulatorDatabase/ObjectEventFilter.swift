/// Filter of the object events that invoke a function (S3 notification filter).
package struct ObjectEventFilter: Sendable, Equatable, Decodable {
    /// Event names, for instance `ObjectCreated:*` or `ObjectCreated:Put`; `s3:` is
    /// optional.
    package var events: [String]
    /// Prefix of the key.
    package var prefix: String
    /// Suffix of the key.
    package var suffix: String

    /// A filter.
    package init(events: [String] = ["ObjectCreated:*"], prefix: String = "", suffix: String = "") {
        self.events = events
        self.prefix = prefix
        self.suffix = suffix
    }

    /// Reads a filter; missing fields have the defaults of `init`.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        events = try values.decodeIfPresent([String].self, forKey: .events) ?? ["ObjectCreated:*"]
        prefix = try values.decodeIfPresent(String.self, forKey: .prefix) ?? ""
        suffix = try values.decodeIfPresent(String.self, forKey: .suffix) ?? ""
    }

    private enum Key: String, CodingKey { case events, prefix, suffix }

    /// True if an event with this name on this key (not encoded) passes.
    package func matches(eventName: String, key: String) -> Bool {
        key.utf8.count >= prefix.utf8.count + suffix.utf8.count
            && key.utf8.starts(with: prefix.utf8)
            && key.utf8.reversed().starts(with: suffix.utf8.reversed())
            && events.contains { eventPattern($0, covers: eventName) }
    }

    /// True if an event can pass both filters; S3 refuses such a pair.
    package func overlaps(_ other: ObjectEventFilter) -> Bool {
        let prefixes = prefix.hasPrefix(other.prefix) || other.prefix.hasPrefix(prefix)
        let suffixes = suffix.hasSuffix(other.suffix) || other.suffix.hasSuffix(suffix)
        let names = events.contains { mine in
            other.events.contains {
                eventPattern(mine, covers: $0) || eventPattern($0, covers: mine)
            }
        }
        return prefixes && suffixes && names
    }
}

/// True if `pattern` (`ObjectCreated:*`, `s3:` optional) covers an event name.
func eventPattern(_ pattern: String, covers eventName: String) -> Bool {
    let pattern = pattern.hasPrefix("s3:") ? pattern.dropFirst(3) : pattern[...]
    let name = eventName.hasPrefix("s3:") ? eventName.dropFirst(3) : eventName[...]
    return pattern.hasSuffix("*") ? name.hasPrefix(pattern.dropLast()) : name == pattern
}
