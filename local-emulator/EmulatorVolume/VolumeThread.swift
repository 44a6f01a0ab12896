import Threads

/// The thread of every call on the shared volume, which may wait for a network file system.
final class VolumeThread: Sendable {
    private typealias Work = @Sendable () -> Void
    private let mailbox: MailboxThread<Work>

    /// Calls that wait at the same time: one for each request, and one of the scan.
    private static let capacity = 4_096

    init() {
        mailbox = MailboxThread(capacity: Self.capacity) { mailbox in
            while let calls = mailbox.receive() {
                for call in calls { call() }
            }
        }
    }

    deinit { mailbox.stop() }

    /// Runs a blocking call.
    /// - Throws: The call's fault; a fault if too many calls wait.
    func run<Value: Sendable>(
        _ call: @escaping @Sendable () throws(VolumeFault) -> Value
    ) async throws(VolumeFault) -> Value {
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, VolumeFault>, Never>) in
            let delivery = mailbox.post {
                continuation.resume(returning: Result { () throws(VolumeFault) in try call() })
            }
            if delivery != .accepted {
                continuation.resume(
                    returning: .failure(
                        VolumeFault("could not be read: the file system is busy; try again")))
            }
        }
        return try outcome.get()
    }
}
