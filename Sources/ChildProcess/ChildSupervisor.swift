import CProcess
import Glibc
import Synchronization
import Threads

/// A request to the supervisor's thread to start a child.
struct StartRequest: Sendable {
    var command: ChildCommand
    var onStandardOutput: Child.OutputHandler?
    var onStandardError: Child.OutputHandler?
    var started: @Sendable (Result<Child, ChildProcessError>) -> Void
}

/// The one thread that starts, reads and reaps every child of this process.
///
/// PR_SET_PDEATHSIG follows the forking thread, so the forks come from a
/// thread that never ends: that is why there is one for the whole process.
/// No call of it ever blocks a cooperative thread.
final class ChildSupervisor: Sendable {
    enum Message: Sendable {
        case start(StartRequest)
        case terminate(processID: Int, graceMilliseconds: Int)
        case pause(processID: Int, isPaused: Bool)
        case takeOutput(processID: Int, done: @Sendable () -> Void)
    }

    static let shared = ChildSupervisor()

    private let inbox = Mutex<[Message]>([])
    private let wakeup: Int32

    private init() {
        wakeup = spool_eventfd()
        precondition(wakeup >= 0, "The system gives no eventfd: \(errorText(Int(errno))).")
        startThread { [self] in
            var loop = ChildLoop(wakeup: wakeup)
            while true { loop.turn(takeMessages: takeMessages) }
        }
    }

    func post(_ message: Message) {
        inbox.withLock { $0.append(message) }
        var one: UInt64 = 1
        // A full counter means that a wake-up is on its way already.
        _ = Glibc.write(wakeup, &one, 8)
    }

    private func takeMessages() -> [Message] {
        inbox.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }
}

/// The system's text for an error number.
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
