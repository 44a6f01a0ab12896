import Crypto
import EmulatorDatabase
import Logging

/// The result of a scrub.
package struct ScrubReport: Sendable, Equatable {
    /// An object whose bytes are not those that were stored.
    package struct Damage: Sendable, Equatable {
        /// Bucket of the object.
        package var bucket: String
        /// Key of the object.
        package var key: String
        /// A sentence for the operator.
        package var reason: String
    }

    /// Objects that were read.
    package var objects = 0
    /// Bytes of their bodies.
    package var bytes = 0
    /// Damaged objects in the order of the index.
    package var damaged: [Damage] = []
}

extension ObjectStoreServer {
    /// Objects of one page of the index.
    private static let pageKeyCountMax = 100

    /// Reads every object and compares it with its checksum. Writes continue
    /// meanwhile; an object that they replace is not reported.
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
                let query = ListQuery(
                    bucket: bucket, start: start, keyCountMax: Self.pageKeyCountMax)
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
                        try await isUnchanged(object, in: bucket)
                    else { continue }
                    let key = String(decoding: object.key, as: UTF8.self)
                    report.damaged.append(
                        ScrubReport.Damage(bucket: bucket, key: key, reason: reason))
                    logger.error(
                        "Object damaged",
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
            "Store scrubbed",
            [
                "objects": .integer(report.objects), "bytes": .integer(report.bytes),
                "damaged": .integer(report.damaged.count),
            ])
        return report
    }

    /// - Returns: The difference between the body and the index; nil if there is none.
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
            return "The body has \(found.bytes) bytes instead of \(object.bytes)."
        }
        if !object.crc64.isEmpty, found.crc64 != object.crc64 {
            return "The CRC-64/NVME is \(found.crc64) instead of \(object.crc64)."
        }
        // The ETag of a multipart upload is not the MD5 of its bytes.
        if !object.etag.contains("-"), found.md5 != object.etag {
            return "The MD5 is \(found.md5) instead of \(object.etag)."
        }
        return nil
    }

    /// True if the object has the same body as before.
    private func isUnchanged(_ object: ObjectRecord, in bucket: String) async throws -> Bool {
        try await read { try $0.object(bucket, object.key)?.place == object.place }
    }
}
