/// What the object store tells a function about its objects.
///
/// Source: "Event message structure", Amazon S3 User Guide. A delivery may come
/// twice, late or out of order; `sequencer` orders events of one key only.
package struct S3Event: Sendable, Hashable, Decodable {
    /// One change of one object.
    package struct Record: Sendable, Hashable {
        /// `ObjectCreated:Put`, without the `s3:` that configurations carry.
        package var eventName: String
        /// The bucket's name.
        package var bucket: String
        /// Decoded: in the event it is form-encoded, a space is `+`.
        package var key: String
        /// Bytes; absent when the object was removed.
        package var size: Int?
        /// Without quotes; absent when the object was removed.
        package var etag: String?
        /// Hexadecimal text. Compare by `isBefore(_:)`.
        package var sequencer: String?
        /// RFC 3339.
        package var eventTime: String?

        /// A record made by hand, for tests of handlers.
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

    /// At least one, but for a test event.
    package var records: [Record]
    /// Whether this is the `s3:TestEvent` that S3 sends once when notifications
    /// are configured; it has no records.
    package var isTest: Bool

    /// An event made by hand, for tests of handlers.
    package init(records: [Record], isTest: Bool = false) {
        self.records = records
        self.isTest = isTest
    }

    private enum CodingKeys: String, CodingKey {
        case records = "Records"
        case event = "Event"
    }

    /// - Throws: `DecodingError` for a record without bucket or key, of another
    ///   major version than 2, or with a key that is not form-encoded UTF-8.
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

    /// Reads one record. Throws as the event does.
    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let version = try fields.decodeIfPresent(String.self, forKey: .eventVersion) ?? "2.0"
        // S3 promises that a minor version only adds fields.
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

    /// Whether this happened before `other`, an event of the same key.
    /// - Returns: nil when one of them has no sequencer.
    package func isBefore(_ other: S3Event.Record) -> Bool? {
        guard let mine = sequencer, let theirs = other.sequencer else { return nil }
        // The shorter one is padded with zeros on the right, then compared as text.
        let width = max(mine.utf8.count, theirs.utf8.count)
        func padded(_ text: String) -> [UInt8] {
            Array(text.lowercased().utf8)
                + Array(repeating: UInt8(ascii: "0"), count: width - text.utf8.count)
        }
        return padded(mine).lexicographicallyPrecedes(padded(theirs))
    }
}

/// `application/x-www-form-urlencoded`, for one value.
enum FormEncoding {
    /// - Returns: nil for a cut escape or for bytes that are not UTF-8.
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

    /// Everything but RFC 3986's unreserved characters as `%XX`.
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
