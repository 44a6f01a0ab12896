import Glibc

/// Use of the volume that holds the objects.
package struct VolumeUsage: Hashable, Sendable {
    /// Bytes that are used.
    package var used: Int
    /// Bytes that are used or free for this user, as in `df`.
    package var capacity: Int

    /// A use of `used` of `capacity` bytes.
    package init(used: Int, capacity: Int) {
        self.used = used
        self.capacity = capacity
    }

    /// Measures the file system of a folder; nil if the system call fails.
    package init?(of folder: String) {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { return nil }
        let block = Int(status.f_frsize)
        used = Int(status.f_blocks - status.f_bfree) * block
        capacity = used + Int(status.f_bavail) * block
    }
}

/// The share of the volume up to which new uploads are accepted.
package struct VolumeLimit: Sendable {
    /// Percent of the volume.
    package var percentMax: Int
    /// Measures the volume; nil if it cannot.
    package var usage: @Sendable () -> VolumeUsage?

    /// A limit in percent.
    package init(percentMax: Int, usage: @escaping @Sendable () -> VolumeUsage?) {
        self.percentMax = percentMax
        self.usage = usage
    }

    /// True unless the volume would pass the limit with so many more bytes. A volume that cannot
    /// be measured admits: the write itself fails on a full one.
    package func admits(_ bytes: Int) -> Bool {
        guard let usage = usage(), usage.capacity > 0 else { return true }
        let (after, overflow) = usage.used.addingReportingOverflow(max(0, bytes))
        // In floating point: 100 times a size may exceed an integer.
        return !overflow && Double(after) * 100 <= Double(usage.capacity) * Double(percentMax)
    }
}

extension ObjectStoreServer {
    /// Prefix of the keys that clients upload to.
    private static let uploadPrefix = Array("uploads/".utf8)

    /// True for an upload that a client was granted.
    func isGranted(_ request: S3Request) -> Bool {
        request.key?.starts(with: Self.uploadPrefix) == true
            && (request["X-Amz-Signature"] != nil || request["Signature"] != nil)
    }

    /// Largest body of a request.
    func bodyBytesMax(_ request: S3Request) -> Int {
        isGranted(request)
            ? min(Self.putBytesMax, configuration.uploadBytesMax) : Self.putBytesMax
    }

    /// Refuses a new upload that would pass the limit of the volume. Everything else is written
    /// until the disk is full: exports under way end.
    /// - Throws: `.insufficientStorage`.
    func refuseFullVolume(_ request: S3Request, _ operation: S3Operation) throws(S3Error) {
        guard let limit = configuration.volumeLimit else { return }
        switch operation {
        case .putObject, .createUpload, .uploadPart:
            guard request.key?.starts(with: Self.uploadPrefix) == true else { return }
        case .postForm: break
        default: return
        }
        let bytes = request.header("content-length").flatMap { Int($0) } ?? 0
        guard !limit.admits(bytes) else { return }
        throw S3Error(
            .insufficientStorage,
            "The upload would fill more than \(limit.percentMax) % of the volume.")
    }
}
