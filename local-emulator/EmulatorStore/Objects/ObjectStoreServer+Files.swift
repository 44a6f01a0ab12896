import Crypto
package import EmulatorHTTP
import Glibc

/// Files of this machine as objects, and objects as files, without a copy where the file system
/// can avoid one. For a folder that this process shares with others.
extension ObjectStoreServer {
    /// True if the bucket of the configuration has an object with that key, and its bytes are
    /// those that were stored.
    package func hasObject(_ key: String) async throws -> Bool {
        let bucket = configuration.bucket
        guard let object = try await read({ try $0.object(bucket, Array(key.utf8)) }) else {
            return false
        }
        guard case .blob(let id) = object.place, BlobFolder.isLinked(id) else { return true }
        do {
            close(try await blobs.openBlob(id))
            return true
        } catch is BlobError {
            return false
        }
    }

    /// Stores an open file as an object; an object that has the key already is replaced.
    ///
    /// The ETag of a linked or cloned file is a digest of its identity (device, number, size and
    /// time of its last change), in the form of a multipart upload's: reading all bytes would
    /// take as long as a copy. A copied file has its MD5.
    /// - Returns: How the bytes are kept.
    /// - Throws: `FileTransferError`.
    package func takeOver(
        _ file: FileDescriptor, as key: String, contentType: String
    ) async throws -> FileTransfer {
        var status = stat()
        guard fstat(file.number, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw FileTransferError(sentence: "The file is not a regular file.")
        }
        let (id, transfer) = try await adopted(file)
        var (etag, crc64) = (Self.identity(of: status) + "-1", "")
        if transfer == .copy {
            let check = try await blobs.check([BlobSlice(blob: id, range: 0..<0)])
            (etag, crc64) = (check.md5, check.crc64)
        }
        let object = NewObject(
            bucket: configuration.bucket, key: Array(key.utf8), etag: etag,
            bytes: Int(status.st_size), headers: ["content-type": contentType], body: .blob(id),
            crc64: crc64, condition: WritePrecondition(), eventName: "ObjectCreated:Put")
        do {
            try await upkeep { index in
                try index.put(object)
                // The file is here whole: parts are not needed.
                for upload in try index.uploads(object.bucket, prefix: object.key, limit: 10)
                where upload.key == object.key {
                    try index.removeUpload(upload.id)
                }
            }
        } catch {
            await blobs.remove([id])
            throw error
        }
        return transfer
    }

    private func adopted(_ file: FileDescriptor) async throws -> (String, FileTransfer) {
        do {
            return try await blobs.adopt(file.number)
        } catch let error as BlobError {
            switch error.code {
            case ESTALE:
                throw FileTransferError(sentence: "The file was changed while it was taken over.")
            case ENOSPC, EDQUOT:
                throw FileTransferError(
                    sentence: "The file cannot be linked into the store, and the disk has no"
                        + " space for a copy.")
            default: throw error
            }
        }
    }

    /// Digest of what identifies a file's content without reading it.
    private static func identity(of status: stat) -> String {
        let time = status.st_mtim
        return hex(
            md5(
                "\(status.st_dev) \(status.st_ino) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)"
                    .utf8))
    }

    /// Puts an object's bytes into a folder as a file, in place of one with that name.
    /// - Parameter temporary: Name of the file until it is complete.
    /// - Returns: nil if there is no such object.
    package func place(
        _ key: String, in folder: FileDescriptor, as name: String, temporary: String
    ) async throws -> FileTransfer? {
        let bucket = configuration.bucket
        let source = try await read { index -> BodySource? in
            guard let object = try index.object(bucket, Array(key.utf8)) else { return nil }
            return try index.source(object.place, 0..<object.bytes)
        }
        guard let source else { return nil }
        return try await blobs.place(
            source, in: folder.number, as: name, temporary: temporary)
    }
}

/// A file that cannot become an object, or an object that cannot become a file.
package struct FileTransferError: Error, Sendable, CustomStringConvertible {
    /// One sentence for the caller.
    package var sentence: String
    /// The sentence.
    package var description: String { sentence }
}
