/// Stores files that arrive in the body of a request.
package protocol UploadSink: Sendable {
    /// Begins an object. Nothing exists under the key before `commit`.
    /// - Throws: an error for a key or content type that cannot be stored.
    func begin(key: String, contentType: String) throws -> any UploadWriter
    /// Removes objects; a missing one is not an error.
    func remove(_ keys: [String]) async
}

/// One object that is being received. Its bytes are dropped if it is released without `commit`.
package protocol UploadWriter: AnyObject, Sendable {
    /// Appends bytes on a thread of the server; waits for the disk.
    /// - Throws: an error of the disk.
    func write(_ bytes: UnsafeRawBufferPointer) throws
    /// Makes the object durable and visible, and its event due.
    /// - Returns: The ETag without quotes.
    func commit() async throws -> String
}
