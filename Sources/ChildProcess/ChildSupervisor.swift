import CProcess
import Glibc
import Threads

/// A request to the supervisor's thread to start a child.
struct StartRequest: Sendable {
    var command: ChildCommand
    var onStandardOutput: Child.OutputHandler?
    var onStandardError: Child.OutputHandler?
    var started: @Sendable (Result<Child, ChildProcessError>) -> Void
}

/// The thread that starts, reads and reaps every child of this process.
///
/// PR_SET_PDEATHSIG follows the forking thread, so children are forked on a thread that lives as
/// long as the process: there is one supervisor, and it never stops.
final class ChildSupervisor: Sendable {
    /// A request to the supervisor's thread.
    enum Message: Sendable {
        case start(StartRequest)
        case terminate(processID: Int, grace: Duration)
        case pause(processID: Int, isPaused: Bool)
        case takeOutput(processID: Int, done: @Sendable () -> Void)
    }

    static let shared = ChildSupervisor()

    /// Maximum number of waiting messages. Starts may not use all of it, so that a burst of
    /// starts is refused before a kill is.
    static let messageCountMax = 8_192
    static let controlMessageCountMax = 4_096

    private let mailbox: MailboxThread<Message>

    private init() {
        let wakeup = spool_eventfd()
        precondition(
            wakeup >= 0, "The system cannot create an eventfd: \(errorText(Int(errno))).")
        mailbox = MailboxThread(
            capacity: Self.messageCountMax,
            wakeUp: {
                var one: UInt64 = 1
                // A full counter means that a wake-up is pending.
                _ = Glibc.write(wakeup, &one, 8)
            },
            run: { mailbox in
                var loop = ChildLoop(wakeup: wakeup)
                while true { loop.turn { mailbox.takeAll().messages } }
            })
    }

    /// Starts a child. Fails with `.startFailed` and EAGAIN if too many requests wait.
    func start(_ request: StartRequest) {
        let delivery = mailbox.post(
            .start(request), leavingFree: Self.controlMessageCountMax)
        guard delivery != .accepted else { return }
        request.started(
            .failure(
                ChildProcessError(
                    code: .startFailed, executable: request.command.executable,
                    errorNumber: Int(EAGAIN), step: "queueing it")))
    }

    /// Posts a message about a running child. It is never refused: a full inbox means that the
    /// supervisor has hung, and the end of this process ends its children.
    func post(_ message: Message) {
        let delivery = mailbox.post(message)
        precondition(
            delivery == .accepted,
            "The child supervisor has not handled \(Self.messageCountMax) messages.")
    }
}

/// The system's message for an error number.
func errorText(_ number: Int) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    let text = buffer.withUnsafeMutableBufferPointer { buffer -> String in
        guard let base = buffer.baseAddress, strerror_r(Int32(number), base, 256) == 0 else {
            return "error \(number)"
        }
        return String(cString: base)
    }
    return text
}
