/// Limits of batches in this deployment.
package struct BatchLimits: Hashable, Sendable {
    /// Largest file in bytes.
    package var fileBytesMax: Int
    /// Number of batches of one owner that render at once; 0 for no limit.
    package var concurrency: Int

    /// Maximum number of files in one request.
    package static let fileCountMax = 10

    /// The usual limits: 500 MB for each file, one batch at a time.
    package init(fileBytesMax: Int = 524_288_000, concurrency: Int = 1) {
        self.fileBytesMax = fileBytesMax
        self.concurrency = concurrency
    }
}
