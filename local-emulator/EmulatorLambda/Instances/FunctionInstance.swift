import WallClock
import ChildProcess
import Synchronization

/// One instance: a process, its Runtime API listener and its state.
struct FunctionInstance {
    let number: Int
    let startedAt: ContinuousClock.Instant
    /// The request ID that output lines are assigned to.
    let requestTag = RequestTag()
    var state = InstanceState()
    var child: Child?
    /// The runtime's pending call of `next`; nil if there is none.
    var parked: CheckedContinuation<RuntimeNext, Never>?
    var current: RunningInvocation?
    var servedCount = 0
    var initMilliseconds: Double?
    /// The runtime's report to `init/error`; nil without one.
    var initFailure: InvocationFailure?
    var idleSince: ContinuousClock.Instant
    /// The process's peak from the kernel, with the time of the reading; nil before the first.
    var ownPeak: (bytes: Int, at: ContinuousClock.Instant)?
    /// Peak memory in bytes of the process tree during the invocation.
    var peakTreeBytes = 0
    /// The stamp of the program's files at the start.
    let program: ProgramStamp

    init(number: Int, program: ProgramStamp, now: ContinuousClock.Instant) {
        self.number = number
        self.program = program
        startedAt = now
        idleSince = now
    }
}

/// The invocation that an instance is running.
struct RunningInvocation {
    let invocation: InvocationInput
    let deliveredAt: ContinuousClock.Instant
    let isColdStart: Bool
    /// Start time.
    let startedAt: UnixTime
    let historySequence: Int
    let recordSequence: Int
    /// The instant of its timeout.
    let deadline: ContinuousClock.Instant
    var continuation: CheckedContinuation<InvocationOutcome, Never>?
    /// The streamed response in progress; nil if there is none.
    var stream: ResponseBodyStream?
}

/// The response to a runtime's call of `next`.
enum RuntimeNext: Sendable {
    case invocation(RuntimeDelivery)
    /// The previous invocation has no response yet.
    case invalidState
    /// The instance is ending.
    case gone
}

/// An invocation in the form of the Runtime API's headers and body.
struct RuntimeDelivery: Sendable {
    var requestID: String
    var payload: [UInt8]
    var deadline: UnixTime
    var functionARN: String
    var traceID: String
    var clientContext: String?
    var tenantID: String?
}

/// The request ID of an instance's current invocation, read by the threads that collect output.
final class RequestTag: Sendable {
    private let value = Mutex("")
    var requestID: String {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
