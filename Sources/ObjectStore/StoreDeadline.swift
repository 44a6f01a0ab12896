package import WallClock

/// The time by which a task's store calls must end; retries end then too.
///
/// It is task-local, not an argument: the deadline belongs to the invocation,
/// child tasks inherit it, and one `Bucket` serves every invocation of a warm
/// process. An explicit value needs a bucket bound to a deadline for each
/// invocation, passed through `Services` to every handler.
package enum StoreDeadline {
    /// nil sets no deadline.
    @TaskLocal package static var time: UnixTime?
}
