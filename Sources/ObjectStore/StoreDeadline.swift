package import WallClock

/// The deadline of a task's store calls and their retries.
///
/// It is task-local, not an argument: the deadline belongs to the invocation,
/// child tasks inherit it, and one `Bucket` serves every invocation of a warm
/// process. An explicit value would need a bucket for each invocation, passed
/// through `Services` to every handler.
package enum StoreDeadline {
    /// The deadline; nil for none.
    @TaskLocal package static var time: UnixTime?
}
