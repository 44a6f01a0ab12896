import EmulatorDatabase
import JSON
import WallClock

/// Builds the event of one object's change in S3's form (notification record 2.1).
///
/// A message holds one record, as from S3, with the key form-encoded.
func objectEventPayload(
    _ event: ObjectEvent, region: String, configuration: String
) -> [UInt8] {
    var object: [(String, JSONOutput?)] = [("key", .string(formEncoded(event.key)))]
    if !event.eventName.hasPrefix("ObjectRemoved") {
        object.append(("size", .integer(event.bytes)))
        object.append(("eTag", .string(event.etag)))
    }
    object.append(("sequencer", .string(event.sequencer)))
    let time = event.time.rfc3339
    let record = JSONOutput.object([
        ("eventVersion", .string("2.1")),
        ("eventSource", .string("aws:s3")),
        ("awsRegion", .string(region)),
        ("eventTime", .string(time)),
        ("eventName", .string(event.eventName)),
        ("userIdentity", .object([("principalId", .string("SPOOL"))])),
        ("requestParameters", .object([("sourceIPAddress", .string("127.0.0.1"))])),
        (
            "responseElements",
            .object([
                ("x-amz-request-id", .string(event.requestID)),
                ("x-amz-id-2", .string(event.requestID)),
            ])
        ),
        (
            "s3",
            .object([
                ("s3SchemaVersion", .string("1.0")),
                ("configurationId", .string(configuration)),
                (
                    "bucket",
                    .object([
                        ("name", .string(event.bucket)),
                        ("ownerIdentity", .object([("principalId", .string("SPOOL"))])),
                        ("arn", .string("arn:aws:s3:::\(event.bucket)")),
                    ])
                ),
                ("object", .compact(object)),
            ])
        ),
    ])
    return JSONOutput.object([("Records", .array([record]))]).bytes
}

/// Builds a scheduled event in EventBridge's form.
func scheduledEventPayload(
    id: String, rule: String, time: UnixTime, region: String
) -> [UInt8] {
    // EventBridge's times are in whole seconds.
    let time = time.rfc3339.prefix(19) + "Z"
    let account = LambdaConfiguration.accountID
    return JSONOutput.object([
        ("version", .string("0")),
        ("id", .string(id)),
        ("detail-type", .string("Scheduled Event")),
        ("source", .string("aws.events")),
        ("account", .string(account)),
        ("time", .string(String(time))),
        ("region", .string(region)),
        ("resources", .array([.string("arn:aws:events:\(region):\(account):rule/\(rule)")])),
        ("detail", .object([])),
    ]).bytes
}

/// Encodes a key as `application/x-www-form-urlencoded` with slashes kept; a space is `+`.
func formEncoded(_ key: String) -> String {
    var bytes: [UInt8] = []
    let digits = Array("0123456789ABCDEF".utf8)
    for byte in key.utf8 {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
            UInt8(ascii: "."), UInt8(ascii: "*"), UInt8(ascii: "/"):
            bytes.append(byte)
        case UInt8(ascii: " "): bytes.append(UInt8(ascii: "+"))
        default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: bytes, as: UTF8.self)
}
