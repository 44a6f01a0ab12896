/// When calls to a store have to be over, for everything that a task does.
///
/// It goes with the task instead of with each call: the deadline belongs to the
/// invocation, and child tasks have it too. Retries end when it comes.
package enum StoreDeadline {
    /// Milliseconds since 1970; nil sets none.
    @TaskLocal package static var milliseconds: Int?
}
