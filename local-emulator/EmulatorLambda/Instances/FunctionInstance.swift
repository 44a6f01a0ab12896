import ChildProcess
import Synchronization

/// What a pool knows of one instance: one process, one Runtime API listener.
struct FunctionInstance {
    /// Where an instance is in its life.
    enum Phase: String, Sendable {
        /// The process has not asked for its first invocation.
        case starting
        /// It waits for an invocation.
        case idle
        /// It has an invocation, answered or not, and has not asked for the next.
        case busy
        /// It is being ended.
        case ending
    }

    let number: Int
    let startedAt: ContinuousClock.Instant
    /// The invocation that output belongs to.
    let requestTag = RequestTag()
    var phase = Phase.starting
    var child: Child?
    /// The runtime's open call of `next`.
    var parked: CheckedContinuation<RuntimeNext, Never>?
    var current: RunningInvocation?
    var servedCount = 0
    var initMilliseconds: Double?
    /// What the runtime posted to `init/error`.
    var initFailure: InvocationFailure?
    var idleSince: ContinuousClock.Instant
    /// The time limit was hit, of the start or of an invocation.
    var isTimedOut = false
    /// It took more memory than its function has.
    var isOutOfMemory = false
    /// What the kernel said last of the process's own peak, and when.
    var ownPeak: (bytes: Int, at: ContinuousClock.Instant)?
    /// Most memory that was seen during the invocation, its children's included.
    var peakTreeBytes = 0
    /// What its program was when it was started.
    let program: ProgramStamp
    /// The file has changed since: it takes no other invocation.
    var isOutdated = false
    /// It is stopped until it gets an invocation.
    var isFrozen = false

    init(number: Int, program: ProgramStamp, now: ContinuousClock.Instant) {
        self.number = number
        self.program = program
        startedAt = now
        idleSince = now
    }

    /// An invocation that is not answered.
    var isWorking: Bool { current.map { !$0.isAnswered } ?? false }
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
    var isAnswered = false
}

/// The answer to a runtime's call of `next`.
enum RuntimeNext: Sendable {
    case invocation(RuntimeDelivery)
    /// The invocation before has not been answered.
    case invalidState
    /// The instance is being ended.
    case gone
}

/// What a runtime is told of an invocation.
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
