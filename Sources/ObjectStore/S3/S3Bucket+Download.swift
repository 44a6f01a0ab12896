import Crypto
import Glibc
import HTTPTransport

extension S3Bucket {
    /// Downloads ranges of one version (If-Match) in parallel, with retries for
    /// each range, and checks the file against the store's checksum if there is
    /// one.
    package func downloadObject(
        _ key: ObjectKey, ifMatch: String?, toFile path: String
    ) async throws(ObjectStoreError) -> ObjectInfo {
        var head = S3Call(operation: "HeadObject", method: "HEAD", key: key.text)
        if let ifMatch { head.headers.append(("if-match", "\"\(ifMatch)\"")) }
        head.headers += checksumMode
        let answer = try await exchange.perform(head)
        let info = try info(key, answer, operation: head.operation)
        let checksum = ObjectChecksum(answer)

        // The file is written under a temporary name and renamed, so it is complete or absent.
        let partial = "\(path).\(hex(randomBytes(count: 4))).partial"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw localFile("GetObject", key) }
        defer { close(descriptor) }
        do throws(ObjectStoreError) {
            // A digest needs the bytes in order.
            let ranges =
                checksum?.isJoinable == false
                ? [0..<info.bytes].filter { !$0.isEmpty }
                : TransferPlan.ranges(bytes: info.bytes, minimum: 8 << 20)
            let checks = try await parallelCalls(ranges.count, atOnce: TransferPlan.atOnce) {
                index throws(ObjectStoreError) in
                try await download(
                    ranges[index], of: info, into: descriptor, checked: checksum)
            }
            if let checksum, !checksum.holds(for: checks.compactMap { $0 }) {
                throw ObjectStoreError(
                    .invalidResponse, operation: "GetObject", key: key.text,
                    detail: "The bytes differ from the store's \(checksum.name)")
            }
            guard rename(partial, path) == 0 else { throw localFile("GetObject", key) }
            return info
        } catch {
            unlink(partial)
            throw error
        }
    }

    private func download(
        _ range: Range<Int>, of info: ObjectInfo, into descriptor: Int32,
        checked checksum: ObjectChecksum?
    ) async throws(ObjectStoreError) -> RangeChecksum? {
        let running = checksum.map { RunningCheck($0) }
        var call = S3Call(operation: "GetObject", method: "GET", key: info.key.text)
        call.headers = [
            ("if-match", "\"\(info.etag)\""),
            ("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
        ]
        call.sink = .file(
            descriptor: descriptor, offset: range.lowerBound, observe: running?.update)
        // Part of the failed response may already be in the check.
        call.rewind = {
            running?.reset()
            return true
        }
        call.accepts = { $0.bodyBytes == range.count }
        _ = try await exchange.perform(call)
        return running?.take()
    }

    private func localFile(_ operation: String, _ key: ObjectKey) -> ObjectStoreError {
        ObjectStoreError(
            .localFile, operation: operation, key: key.text,
            detail: String(cString: strerror(errno)))
    }
}
