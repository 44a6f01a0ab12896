import Jobs
import ObjectStore

extension ObjectStoreError {
    /// True if the store has no room left (507, the emulator's code).
    var isFull: Bool { serviceCode == "InsufficientStorage" }
}

extension FailureMapping.Row {
    /// A store without room: another attempt helps once objects were removed.
    static let storeFull = FailureMapping.Row(
        .machine, 507, "Insufficient storage",
        "The object store has no room left. Remove objects, then try again.",
        retryAfterSeconds: 60)
}
