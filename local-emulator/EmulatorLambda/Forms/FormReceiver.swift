import EmulatorHTTP
import Synchronization

/// Receives the body of a granted form on the connection's thread, which waits for the disk: a
/// fast client is slowed down to it.
final class FormReceiver: BodyConsumer {
    private struct State {
        var parser: MultipartParser
        var contents: FormContents
        var receivedBytes = 0
    }

    /// The function's route, to be invoked again.
    let target: FunctionURLTarget
    private let bytesMax: Int
    private let state: Mutex<State>

    /// - Parameter bytesMax: Bytes that are read; the rest of a longer body is refused.
    init(
        _ parser: MultipartParser, _ contents: sending FormContents, target: FunctionURLTarget,
        bytesMax: Int
    ) {
        self.target = target
        self.bytesMax = bytesMax
        state = Mutex(State(parser: parser, contents: contents))
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // SAFETY: an address crosses into the lock as a number; what is kept of the bytes is
        // copied, so no pointer outlives this call.
        let (address, count) = (UInt(bitPattern: bytes.baseAddress), bytes.count)
        return state.withLock { state in
            state.receivedBytes += count
            let bytes = UnsafeRawBufferPointer(
                start: UnsafeRawPointer(bitPattern: address), count: count)
            var contents = state.contents
            state.parser.receive(bytes) { contents.take($0) }
            state.contents = contents
            return state.receivedBytes <= bytesMax
        }
    }

    /// Ends the body and returns what it held.
    func contents() -> FormContents {
        state.withLock { state in
            state.contents.finish()
            return state.contents
        }
    }
}

/// Reads and drops the body of a refused request, so that its client reads the response: most
/// read nothing before they have sent everything.
final class RefusedBody: BodyConsumer {
    /// The response after the body.
    let response: Response
    private let left: Mutex<Int>

    /// - Parameter bytesMax: Bytes that are read before the connection is closed.
    init(_ response: Response, bytesMax: Int) {
        self.response = response
        left = Mutex(bytesMax)
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        left.withLock { left in
            left -= bytes.count
            return left >= 0
        }
    }
}
