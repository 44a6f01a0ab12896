import Jobs
import ObjectStore
import WallClock

/// Measures one invocation: its time and its store requests.
struct WorkMeter: Sendable {
    /// Start of the invocation.
    let startedAt: UnixTime
    let memoryMegabytes: Int
    /// The store, with its requests counted.
    let bucket: MeteredBucket

    init(_ bucket: any Bucket, startedAt: UnixTime, memoryMegabytes: Int) {
        self.bucket = MeteredBucket(bucket)
        self.startedAt = startedAt
        self.memoryMegabytes = memoryMegabytes
    }

    /// Usage until now.
    func work(now: UnixTime) -> MeasuredWork {
        let counts = bucket.counts
        return MeasuredWork(
            milliseconds: max(0, (now - startedAt).wholeMilliseconds),
            memoryMegabytes: memoryMegabytes,
            storeReads: counts.reads, storeWrites: counts.writes)
    }
}
