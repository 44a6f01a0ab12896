/// Notifications of S3 about changed objects.
///
/// Source: "Event message structure", Amazon S3 User Guide. An event
/// may arrive twice, late or out of order; `sequencer` orders the events of one key.
package struct S3Event: Sendable, Hashable, Decodable {
    /// One change of one object.
    package struct Record: Sendable, Hashable {
        /// Event name without `s3:`, for instance `ObjectCreated:Put`.
        package var eventName: String
        /// Name of the bucket.
        package var bucket: String
        /// Key, decoded; in the event it is form-encoded, with `+` for a space.
        package var key: String
        /// Size in bytes; nil for a removal.
        package var size: Int?
        /// ETag without quotes; nil for a removal.
        package var etag: String?
        /// Sequence number in hexadecimal; compare with `isBefore(_:)`.
        package var sequencer: String?
        /// Time of the event (RFC 3339).
        package var eventTime: String?

        /// A record, for tests of handlers.
        package init(
            eventName: String, bucket: String, key: String, size: Int? = nil,
            etag: String? = nil, sequencer: String? = nil, eventTime: String? = nil
        ) {
            self.eventName = eventName
            self.bucket = bucket
            self.key = key
            self.size = size
            self.etag = etag
            self.sequencer = sequencer
            self.eventTime = eventTime
        }
    }

    /// The records; empty only for a test event.
    package var records: [Record]
    /// True if this is the `s3:TestEvent` that S3 sends when notifications are configured.
    package var isTest: Bool

    /// An event, for tests of handlers.
    package init(records: [Record], isTest: Bool = false) {
        self.records = records
        self.isTest = isTest
    }

    private enum CodingKeys: String, CodingKey {
        case records = "Records"
        case event = "Event"
    }

    /// Reads an event.
    /// - Throws: `DecodingError` for a record without bucket or key, with a major version
    ///   other than 2, or with a key that is not form-encoded UTF-8.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        isTest = try fields.decodeIfPresent(String.self, forKey: .event) == "s3:TestEvent"
        records = try isTest ? [] : fields.decode([Record].self, forKey: .records)
    }
}

extension S3Event.Record: Decodable {
    private enum CodingKeys: String, CodingKey {
        case eventVersion, eventName, eventTime, s3
    }

    private struct S3: Decodable {
        struct Bucket: Decodable { var name: String }
        struct Object: Decodable {
            var key: String
            var size: Int?
            var eTag: String?
            var sequencer: String?
        }
        var bucket: Bucket
        var object: Object
    }

    /// Reads one record; throws like the event.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let version = try fields.decodeIfPresent(String.self, forKey: .eventVersion) ?? "2.0"
        // A minor version only adds fields (S3 User Guide).
        guard version.split(separator: ".").first == "2" else {
            throw DecodingError.dataCorruptedError(
                forKey: .eventVersion, in: fields,
                debugDescription: "Event version \(version) is not 2.x.")
        }
        let s3 = try fields.decode(S3.self, forKey: .s3)
        guard let key = FormEncoding.decode(s3.object.key), !key.isEmpty else {
            throw DecodingError.dataCorruptedError(
                forKey: .s3, in: fields, debugDescription: "The key is not form-encoded UTF-8.")
        }
        let name = try fields.decode(String.self, forKey: .eventName)
        self.init(
            eventName: name.hasPrefix("s3:") ? String(name.dropFirst(3)) : name,
            bucket: s3.bucket.name, key: key, size: s3.object.size, etag: s3.object.eTag,
            sequencer: s3.object.sequencer,
            eventTime: try fields.decodeIfPresent(String.self, forKey: .eventTime))
    }

    /// True if this event precedes `other`, an event of the same key.
    /// - Returns: nil when a sequencer is missing.
    package func isBefore(_ other: S3Event.Record) -> Bool? {
        guard let mine = sequencer, let theirs = other.sequencer else { return nil }
        // S3 User Guide: pad the shorter with zeros on the right, then compare as text.
        let width = max(mine.utf8.count, theirs.utf8.count)
        func padded(_ text: String) -> [UInt8] {
            Array(text.lowercased().utf8)
                + Array(repeating: UInt8(ascii: "0"), count: width - text.utf8.count)
        }
        return padded(mine).lexicographicallyPrecedes(padded(theirs))
    }
}

/// Coding of one value as `application/x-www-form-urlencoded`.
enum FormEncoding {
    /// - Returns: nil for a truncated escape or bytes that are not UTF-8.
    static func decode(_ text: String) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8.makeIterator()
        while let byte = rest.next() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit)
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// Encodes all but RFC 3986's unreserved characters as `%XX`.
    static func encode(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
