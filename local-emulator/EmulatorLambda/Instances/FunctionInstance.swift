import ChildProcess
import Synchronization

/// One instance: a process, its Runtime API listener and its state.
struct FunctionInstance {
    let number: Int
    let startedAt: ContinuousClock.Instant
    /// The invocation that output belongs to.
    let requestTag = RequestTag()
    var state = InstanceState()
    var child: Child?
    /// The runtime's open call of `next`.
    var parked: CheckedContinuation<RuntimeNext, Never>?
    var current: RunningInvocation?
    var servedCount = 0
    var initMilliseconds: Double?
    /// The body of the runtime's `init/error`.
    var initFailure: InvocationFailure?
    var idleSince: ContinuousClock.Instant
    /// The kernel's figure of the process's own peak, and when it was read.
    var ownPeak: (bytes: Int, at: ContinuousClock.Instant)?
    /// Most memory that was seen during the invocation, its children's included.
    var peakTreeBytes = 0
    /// The program's files at the start.
    let program: ProgramStamp

    init(number: Int, program: ProgramStamp, now: ContinuousClock.Instant) {
        self.number = number
        self.program = program
        startedAt = now
        idleSince = now
    }
}

/// An invocation that an instance has.
struct RunningInvocation {
    let invocation: InvocationInput
    let deliveredAt: ContinuousClock.Instant
    let isColdStart: Bool
    /// Unix milliseconds.
    let startMilliseconds: Int
    let historySequence: Int
    let recordSequence: Int
    /// When its time limit is reached.
    let deadline: ContinuousClock.Instant
    var continuation: CheckedContinuation<InvocationOutcome, Never>?
    /// The answer that has begun and not ended.
    var stream: ResponseBodyStream?
}

/// The answer to a runtime's call of `next`.
enum RuntimeNext: Sendable {
    case invocation(RuntimeDelivery)
    /// The invocation before has not been answered.
    case invalidState
    /// The instance is being ended.
    case gone
}

/// The invocation as the Runtime API's headers and body carry it.
struct RuntimeDelivery: Sendable {
    var requestID: String
    var payload: [UInt8]
    var deadlineMilliseconds: Int
    var functionARN: String
    var traceID: String
    var clientContext: String?
    var tenantID: String?
}

/// The request ID of what an instance does now; read by threads that collect output.
final class RequestTag: Sendable {
    private let value = Mutex("")
    var requestID: String {
        get { value.withLock { $0 } }
        set { value.withLock { $0 = newValue } }
    }
}
