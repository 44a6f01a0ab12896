import EmulatorHTTP
import FoundationEssentials
import Synchronization
import Threads

/// A function's response that is forwarded while the runtime sends it.
///
/// The runtime's connection writes and the caller's task reads. A slow reader
/// makes the runtime wait; an absent reader does not.
final class ResponseBodyStream: ResponseByteStream {
    /// The outcome of the stream.
    enum End: Sendable, Equatable {
        case complete
        case failed(InvocationFailure)
    }

    /// The error thrown to the reader of a failed stream.
    struct Broken: Error {
        var failure: InvocationFailure
    }

    private struct State {
        var chunks: [[UInt8]] = []
        var waitingBytes = 0
        var totalBytes = 0
        var end: End?
        /// True if the reader is gone; further bytes are dropped.
        var isAbandoned = false
        var reader: CheckedContinuation<Void, Never>?
        var isWriterWaiting = false
        /// All received bytes, if they are recorded.
        var copy: [UInt8] = []
    }

    private static let copyBytesMax = 6 << 20
    /// Maximum number of unread bytes.
    private static let waitingBytesMax = 1 << 20
    /// Lambda's limit of a streamed response in bytes.
    static let totalBytesMax = 200 << 20

    /// The media type that the runtime gave for its response; nil if it gave none.
    let contentType: String?
    private let state = Mutex(State())
    private let room = Wakeups()

    private let keepsCopy: Bool

    /// - Parameter keepsCopy: True to keep the first 6 MiB for a recording.
    init(contentType: String?, keepsCopy: Bool = false) {
        self.contentType = contentType
        self.keepsCopy = keepsCopy
    }

    /// The bytes so far; empty unless the stream keeps a copy.
    var copy: [UInt8] { state.withLock { $0.copy } }

    /// Accepts bytes from the runtime on its connection's thread, and blocks that
    /// thread while too many bytes are unread.
    /// - Returns: false if the response exceeds Lambda's limit.
    func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
        while true {
            let step = state.withLock { state -> (isOver: Bool, result: Bool, wake: Reader?) in
                if state.end != nil || state.isAbandoned { return (true, true, nil) }
                if state.totalBytes + bytes.count > Self.totalBytesMax {
                    return (true, false, nil)
                }
                if state.waitingBytes >= Self.waitingBytesMax {
                    state.isWriterWaiting = true
                    return (false, true, nil)
                }
                state.chunks.append(Array(bytes))
                if keepsCopy, state.copy.count < Self.copyBytesMax { state.copy += bytes }
                state.waitingBytes += bytes.count
                state.totalBytes += bytes.count
                defer { state.reader = nil }
                return (true, true, state.reader)
            }
            step.wake?.resume()
            if step.isOver { return step.result }
            room.wait()
        }
    }

    /// Ends the stream; only the first call has an effect.
    func finish(_ end: End) {
        let reader = state.withLock { state -> Reader? in
            if state.end == nil { state.end = end }
            Self.resumeWriter(&state, room)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    /// Returns the next bytes; nil at the end.
    /// - Throws: `Broken` if the function failed midway.
    func next() async throws -> [UInt8]? {
        while true {
            if Task.isCancelled {
                abandon()
                throw CancellationError()
            }
            let found = state.withLock { state -> Result<[UInt8]?, any Error>? in
                if !state.chunks.isEmpty {
                    let chunk = state.chunks.removeFirst()
                    state.waitingBytes -= chunk.count
                    Self.resumeWriter(&state, room)
                    return .success(chunk)
                }
                switch state.end {
                case nil: return nil
                case .complete: return .success(nil)
                case .failed(let failure): return .failure(Broken(failure: failure))
                }
            }
            if let found { return try found.get() }
            await waitForMore()
        }
    }

    /// Drops all further bytes because the reader is gone.
    func abandon() {
        let reader = state.withLock { state -> Reader? in
            state.isAbandoned = true
            state.chunks = []
            state.waitingBytes = 0
            Self.resumeWriter(&state, room)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    /// Collects the whole response for callers that do not stream.
    /// - Parameter bytesMax: Maximum size; a larger response fails.
    func collected(bytesMax: Int) async -> InvocationOutcome {
        var all: [UInt8] = []
        do {
            while let bytes = try await next() {
                all += bytes
                guard all.count <= bytesMax else {
                    abandon()
                    return .failed(.answerTooLarge(bytesMax))
                }
            }
            return .succeeded(all)
        } catch let error as Broken {
            return .failed(error.failure)
        } catch {
            return .failed(
                InvocationFailure(type: "Runtime.Cancelled", message: "The caller disconnected."))
        }
    }

    private typealias Reader = CheckedContinuation<Void, Never>

    private static func resumeWriter(_ state: inout State, _ room: Wakeups) {
        guard state.isWriterWaiting else { return }
        state.isWriterWaiting = false
        room.signal()
    }

    private func waitForMore() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: Reader) in
                let isReady = state.withLock { state in
                    let isReady = !state.chunks.isEmpty || state.end != nil || state.isAbandoned
                    if !isReady { state.reader = continuation }
                    return isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            abandon()
        }
    }
}

/// Forwards a runtime's chunked response to the stream that the caller reads.
final class ResponseConsumer: BodyConsumer {
    let requestID: String
    let stream: ResponseBodyStream
    /// Called when the runtime's connection breaks midway.
    private let onBroken: @Sendable () -> Void
    private let result = Mutex<ResponseBodyStream.End?>(nil)

    init(requestID: String, stream: ResponseBodyStream, onBroken: @escaping @Sendable () -> Void) {
        self.requestID = requestID
        self.stream = stream
        self.onBroken = onBroken
    }

    deinit { if result.withLock({ $0 }) == nil { onBroken() } }

    /// The end that the runtime declared; nil until then.
    var end: ResponseBodyStream.End? { result.withLock { $0 } }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard !stream.write(bytes) else { return true }
        result.withLock { $0 = .failed(.answerTooLarge(ResponseBodyStream.totalBytesMax)) }
        return false
    }

    func finish(trailers: HeaderFields) {
        let type = trailers["Lambda-Runtime-Function-Error-Type"]
        let text = trailers["Lambda-Runtime-Function-Error-Body"]
        result.withLock { result in
            guard result == nil else { return }
            guard type != nil || text != nil else {
                result = .complete
                return
            }
            let name = type.flatMap { isErrorType($0) ? $0 : nil } ?? "Runtime.UnknownReason"
            if let document = text.flatMap({ Data(base64Encoded: $0) }).map({ Array($0) }) {
                result = .failed(InvocationFailure(type: name, payload: document))
            } else {
                result = .failed(
                    InvocationFailure(type: name, message: "The function failed while streaming."))
            }
        }
    }
}

extension InvocationFailure {
    static func answerTooLarge(_ limit: Int) -> InvocationFailure {
        InvocationFailure(
            type: "Function.ResponseSizeTooLarge",
            message: "Response payload size exceeded maximum allowed payload size (\(limit) bytes)."
        )
    }
}
