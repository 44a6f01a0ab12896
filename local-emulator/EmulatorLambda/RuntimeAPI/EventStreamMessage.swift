import Crypto

/// One message of `application/vnd.amazon.eventstream`: lengths, a checksum of
/// the lengths, headers, payload, a checksum of the message (AWS event stream
/// encoding).
struct EventStreamMessage: Sendable, Equatable {
    /// String headers; names of up to 255 bytes, values of up to 65,535.
    var headers: [Header]
    var payload: [UInt8]

    struct Header: Sendable, Equatable {
        var name: String
        var value: String
    }

    /// Creates an event message.
    init(event type: String, contentType: String, payload: [UInt8]) {
        headers = [
            Header(name: ":event-type", value: type),
            Header(name: ":content-type", value: contentType),
            Header(name: ":message-type", value: "event"),
        ]
        self.payload = payload
    }

    /// Header type 7: a string with a two-byte length.
    private static let stringType: UInt8 = 7
    private static let frameBytes = 16

    var bytes: [UInt8] {
        var head: [UInt8] = []
        for header in headers {
            head.append(UInt8(truncatingIfNeeded: header.name.utf8.count))
            head += header.name.utf8
            head.append(Self.stringType)
            let count = header.value.utf8.count
            head += [UInt8(truncatingIfNeeded: count >> 8), UInt8(truncatingIfNeeded: count)]
            head += header.value.utf8
        }
        var all = Self.fourBytes(Self.frameBytes + head.count + payload.count)
        all += Self.fourBytes(head.count)
        all += Self.checksum(all)
        all += head
        all += payload
        return all + Self.checksum(all)
    }

    private static func checksum(_ bytes: [UInt8]) -> [UInt8] {
        var running = RunningCRC(.crc32)
        bytes.withUnsafeBytes { running.update($0) }
        return running.value
    }

    private static func fourBytes(_ value: Int) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
}
