import Crypto
import EmulatorDatabase
import Logging

/// What a scrub has found.
package struct ScrubReport: Sendable, Equatable {
    package struct Damage: Sendable, Equatable {
        package var bucket: String
        package var key: String
        package var reason: String
    }

    package var objects = 0
    package var bytes = 0
    package var damaged: [Damage] = []
}

extension ObjectStoreServer {
    /// Objects that are looked at between two looks at the index.
    private static let scrubPage = 100

    /// Reads every object and holds it against its checksum. Writes go on
    /// meanwhile; what they replace is not called damaged.
    package func scrub() async throws -> ScrubReport {
        var report = ScrubReport()
        let buckets = try await read { index in
            try index.connection.query("SELECT name FROM buckets ORDER BY name").map {
                try $0.text("name")
            }
        }
        for bucket in buckets {
            var start: [UInt8] = []
            while true {
                let query = ListQuery(bucket: bucket, start: start, keyCountMax: Self.scrubPage)
                let page: ListResult
                do {
                    page = try await read { try $0.list(query) }
                } catch let error as S3Error where error.code == .noSuchBucket {
                    break
                }
                for case .object(let object) in page.entries {
                    try Task.checkCancellation()
                    report.objects += 1
                    report.bytes += object.bytes
                    guard let reason = try await damage(object),
                        try await isStill(object, in: bucket)
                    else { continue }
                    let key = String(decoding: object.key, as: UTF8.self)
                    report.damaged.append(
                        ScrubReport.Damage(bucket: bucket, key: key, reason: reason))
                    logger.error(
                        "An object is damaged.",
                        [
                            "bucket": .string(bucket), "key": .string(key),
                            "reason": .string(reason),
                        ])
                }
                guard let next = page.next else { break }
                start = next
            }
        }
        logger.info(
            "The store was read through.",
            [
                "objects": .integer(report.objects), "bytes": .integer(report.bytes),
                "damaged": .integer(report.damaged.count),
            ])
        return report
    }

    /// - Returns: what is wrong with the body; nil for one that is as it was stored.
    private func damage(_ object: ObjectRecord) async throws -> String? {
        let source: BodySource
        do {
            source = try await read { try $0.source(object.place, 0..<object.bytes) }
        } catch let error as S3Error {
            return error.message
        }
        let found: (md5: String, crc64: String, bytes: Int)
        switch source {
        case .bytes(let bytes):
            var check = BlobCheck()
            bytes.withUnsafeBytes { check.update($0) }
            found = check.finish()
        case .blobs(let slices):
            do {
                found = try await blobs.check(slices)
            } catch let error as BlobError {
                return "\(error)"
            }
        }
        if found.bytes != object.bytes {
            return "It has \(found.bytes) bytes instead of \(object.bytes)."
        }
        if !object.crc64.isEmpty, found.crc64 != object.crc64 {
            return "Its CRC-64/NVME is \(found.crc64) instead of \(object.crc64)."
        }
        // The ETag of parts is no digest of the whole.
        if !object.etag.contains("-"), found.md5 != object.etag {
            return "Its MD5 is \(found.md5) instead of \(object.etag)."
        }
        return nil
    }

    private func isStill(_ object: ObjectRecord, in bucket: String) async throws -> Bool {
        try await read { try $0.object(bucket, object.key)?.place == object.place }
    }
}
