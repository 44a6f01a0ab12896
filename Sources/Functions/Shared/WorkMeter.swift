import Jobs
import ObjectStore

/// Measures one invocation: its time and its store requests.
struct WorkMeter: Sendable {
    /// Milliseconds since 1970.
    let startedAt: Int
    let memoryMegabytes: Int
    /// The store, with its requests counted.
    let bucket: MeteredBucket

    init(_ bucket: any Bucket, startedAt: Int, memoryMegabytes: Int) {
        self.bucket = MeteredBucket(bucket)
        self.startedAt = startedAt
        self.memoryMegabytes = memoryMegabytes
    }

    /// Usage until now.
    func work(now: Int) -> MeasuredWork {
        let counts = bucket.counts
        return MeasuredWork(
            milliseconds: max(0, now - startedAt), memoryMegabytes: memoryMegabytes,
            storeReads: counts.reads, storeWrites: counts.writes)
    }
}
