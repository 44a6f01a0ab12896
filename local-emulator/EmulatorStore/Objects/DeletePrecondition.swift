import WallClock
import XMLTree

/// The conditions of a delete: all that are given must hold.
struct DeletePrecondition: Sendable {
    private let etag: String?
    private let size: Int?
    private let modified: UnixTime?

    /// No condition.
    init() { (etag, size, modified) = (nil, nil, nil) }

    /// - Parameters:
    ///   - etag: An ETag, or `*` for any.
    ///   - size: Bytes.
    ///   - modified: An HTTP date, or RFC 3339; whole seconds are compared.
    /// - Throws: `.invalidArgument` for a value that cannot be read.
    init(etag: String?, size: String?, modified: String?) throws(S3Error) {
        self.etag = etag
        self.size = size.flatMap { Int($0) }
        self.modified = modified.flatMap { UnixTime(http: $0) ?? UnixTime(rfc3339: $0) }
        let isRead =
            (self.size == nil) == (size == nil) && (self.modified == nil) == (modified == nil)
        guard isRead else {
            throw S3Error(.invalidArgument, "A condition of the delete cannot be read.")
        }
    }

    /// - Throws: `.preconditionFailed`.
    func check(_ object: ObjectRecord) throws {
        try WritePrecondition(ifMatch: etag).check(object)
        if let size, size != object.bytes { throw S3Error.preconditionFailed }
        if let modified, modified.seconds != object.modified.seconds {
            throw S3Error.preconditionFailed
        }
    }
}

/// One object of DeleteObjects.
struct RequestedDelete: Sendable {
    let key: String
    let version: String?
    private let condition: DeletePrecondition

    /// - Throws: `.malformedXML`, `.invalidArgument`.
    init(_ element: XMLElement) throws(S3Error) {
        guard let key = element.text(of: "Key") else { throw S3Error.malformedXML }
        self.key = key
        version = element.text(of: "VersionId")
        condition = try DeletePrecondition(
            etag: element.text(of: "ETag"), size: element.text(of: "Size"),
            modified: element.text(of: "LastModifiedTime"))
    }

    /// - Returns: The fault of this object alone; nil if it was deleted or missing.
    func perform(in index: ObjectIndex, _ bucket: String) throws -> S3Error? {
        if let version, version != "null", !version.isEmpty {
            return S3Error(.noSuchVersion, "The specified version does not exist.")
        }
        do {
            _ = try index.delete(bucket, Array(key.utf8), condition)
            return nil
        } catch let error as S3Error where error.code == .preconditionFailed {
            return error
        }
    }
}
